package org.drag4j.cli.console;

import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * What the commands know of the process they run in.
 *
 * @param environment its variables
 * @param terminal whether a person watches
 * @param interrupted whether the user pressed Ctrl-C
 */
public record Host(Map<String, String> environment, boolean terminal, BooleanSupplier interrupted) {
  /** Copies the environment. */
  public Host {
    environment = Map.copyOf(environment);
  }
}
