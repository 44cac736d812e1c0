package org.drag4j.device;

import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.drag4j.graph.Value;

/**
 * What the user says about the choice of kernels.
 *
 * @param exact no kernel marked approximate
 * @param variants forced variant by operation label: {@code conv2d -> direct}
 * @param tuned what was measured on the device; where that says nothing, the device's own model of
 *     costs decides
 */
public record KernelOptions(boolean exact, Map<String, String> variants, Tuned tuned) {
  public static final KernelOptions DEFAULT = new KernelOptions(false, Map.of());

  public KernelOptions {
    variants = Map.copyOf(variants);
  }

  /** With nothing measured. */
  public KernelOptions(boolean exact, Map<String, String> variants) {
    this(exact, variants, Tuned.NONE);
  }

  /**
   * The fastest by what was measured; empty where nothing of it is among the candidates.
   *
   * @param candidates by variant: those that can run and that exactness and force leave open
   */
  public <T> Optional<T> fastest(Value node, SequencedMap<String, T> candidates) {
    for (var variant : tuned.of(node)) {
      var candidate = candidates.get(variant);
      if (candidate != null) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /** Whether the user left this variant of an operation open to choice. */
  public boolean allows(String label, String variant) {
    return variants.getOrDefault(label, variant).equals(variant);
  }
}
