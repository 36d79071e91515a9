interface Selectors<Value> {
  environmentVariableSelector(env: NodeJS.ProcessEnv, options: object): Value | undefined;
  default: Value | (() => Value | Promise<Value>);
}

/** Replaces the SDK's, which also reads `~/.aws`: in Lambda there is only the environment, or the default. */
export function loadConfig<Value>(selectors: Selectors<Value>, options = {}): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= read(selectors, options);
    return value;
  };
}

async function read<Value>(selectors: Selectors<Value>, options: object): Promise<Value> {
  const { default: otherwise } = selectors;
  const value = selectors.environmentVariableSelector(process.env, options);
  return value ?? (otherwise instanceof Function ? otherwise() : otherwise);
}
