package org.drag4j.cli.option;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Flags that are not given come from variables of their names. */
public final class EnvironmentDefaults implements IDefaultValueProvider {
  private static final Set<String> FLAGS =
      Set.of("--model", "--device", "--threads", "--cpu-vector", "--tuned", "--progress");

  private final Map<String, String> variables;

  /** Of these variables. */
  public EnvironmentDefaults(Map<String, String> variables) {
    this.variables = variables;
  }

  /** The variable that stands for a flag. */
  static String variable(String option) {
    return "DRAG4J_" + option.substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
  }

  // The interface returns null for "no default".
  @Override
  @SuppressWarnings("NullAway")
  public String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option) || !FLAGS.contains(option.longestName())) {
      return null;
    }
    String value = variables.get(variable(option.longestName()));
    return value == null || value.isBlank() ? null : value;
  }
}
