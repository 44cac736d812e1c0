package org.drag4j.plan;

import java.util.Set;
import java.util.function.Predicate;
import org.drag4j.device.KernelOptions;

/**
 * How to compile a graph.
 *
 * @param kernels what is said about the choice of kernels
 * @param fusionsOff fusions not to apply, by name; {@code all} switches every one off
 * @param external inputs and outputs that the caller binds before the first run, so that the plan
 *     keeps no room for them
 * @param kept inputs and outputs that only plans of the same device read and write: they are of the
 *     type in which it keeps activations
 */
public record PlanOptions(
    KernelOptions kernels,
    Set<String> fusionsOff,
    Predicate<String> external,
    Predicate<String> kept) {
  public static final PlanOptions DEFAULT =
      new PlanOptions(KernelOptions.DEFAULT, Set.of(), _ -> false);

  public PlanOptions {
    fusionsOff = Set.copyOf(fusionsOff);
  }

  /** With every input and output of the graph's type. */
  public PlanOptions(KernelOptions kernels, Set<String> fusionsOff, Predicate<String> external) {
    this(kernels, fusionsOff, external, _ -> false);
  }

  /** These options with another choice of external tensors. */
  public PlanOptions withExternal(Predicate<String> names) {
    return new PlanOptions(kernels, fusionsOff, names, kept);
  }

  /** These options with another choice of what is kept in the device's type. */
  public PlanOptions withKept(Predicate<String> names) {
    return new PlanOptions(kernels, fusionsOff, external, names);
  }
}
