// Instead of modules that no function gets to use: event streams of AWS, and HTTP/2 in undici.
export {};
