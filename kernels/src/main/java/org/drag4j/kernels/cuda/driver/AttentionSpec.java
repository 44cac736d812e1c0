package org.drag4j.kernels.cuda.driver;

import org.drag4j.tensor.DType;

/**
 * Scaled dot-product attention of dense q {@code [batch, queries, heads * dim]}, k and v {@code
 * [batch, keys, heads * dim]} to {@code [batch, queries, heads * dim]}, scale {@code 1 /
 * sqrt(dim)}.
 *
 * @param dtype of all operands
 */
public record AttentionSpec(
    int batch, int heads, int queries, int keys, int dim, boolean causal, DType dtype)
    implements Library.Spec {
  public AttentionSpec {
    if (batch < 1 || heads < 1 || queries < 1 || keys < 1 || dim < 1) {
      throw new IllegalArgumentException(
          "attention: expected sizes of at least 1, got "
              + batch
              + " x "
              + heads
              + " heads of "
              + dim
              + ", "
              + queries
              + " queries, "
              + keys
              + " keys");
    }
  }

  /** {@code 1 / sqrt(dim)}. */
  public float scale() {
    return (float) (1 / Math.sqrt(dim));
  }
}
