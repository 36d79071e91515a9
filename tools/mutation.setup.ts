import fc from "fast-check";

// The same values for each mutant, so that a score can be told again; and a counterexample need not be a small one.
fc.configureGlobal({ seed: 1, endOnFailure: true });
