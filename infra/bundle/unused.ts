// Replaces modules that no function uses: event streams of AWS, and HTTP/2 in undici.
export {};
