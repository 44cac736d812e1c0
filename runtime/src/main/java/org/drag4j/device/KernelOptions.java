package org.drag4j.device;

import java.util.Map;

/**
 * What the user says about the choice of kernels.
 *
 * @param exact no kernel marked approximate
 * @param variants forced variant by operation label: {@code conv2d -> direct}
 */
public record KernelOptions(boolean exact, Map<String, String> variants) {
  public static final KernelOptions DEFAULT = new KernelOptions(false, Map.of());

  public KernelOptions {
    variants = Map.copyOf(variants);
  }

  /** Whether the user left this variant of an operation open to choice. */
  public boolean allows(String label, String variant) {
    return variants.getOrDefault(label, variant).equals(variant);
  }
}
