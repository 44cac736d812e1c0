package org.drag4j.plan;

import java.util.Set;
import org.drag4j.device.KernelOptions;

/**
 * How to compile a graph.
 *
 * @param kernels the user's constraints on the choice of kernels
 * @param fusionsOff fusions not to apply, by name; {@code all} switches every one off
 */
public record PlanOptions(KernelOptions kernels, Set<String> fusionsOff) {
  public static final PlanOptions DEFAULT = of(KernelOptions.DEFAULT);

  public PlanOptions {
    fusionsOff = Set.copyOf(fusionsOff);
  }

  /** Options that apply every fusion. */
  public static PlanOptions of(KernelOptions kernels) {
    return new PlanOptions(kernels, Set.of());
  }
}
