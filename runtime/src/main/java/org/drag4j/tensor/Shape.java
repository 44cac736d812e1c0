package org.drag4j.tensor;

import java.util.Arrays;
import java.util.List;

/**
 * Dimensions of a tensor, outermost first. Activations are {@code [N, H, W, C]} or {@code [N, T,
 * C]}, convolution weights {@code [O, H, W, I]}, linear weights {@code [O, I]}.
 */
public record Shape(List<Integer> dims) {
  public Shape {
    dims = List.copyOf(dims);
    for (int d : dims) {
      if (d < 0) {
        throw new IllegalArgumentException("shape " + dims + ": expected dimensions >= 0");
      }
    }
  }

  /** A shape with the given dimensions. */
  public static Shape of(int... dims) {
    return new Shape(Arrays.stream(dims).boxed().toList());
  }

  /** Number of dimensions; 0 for a scalar. */
  public int rank() {
    return dims.size();
  }

  /** Dimension {@code i}; negative counts from the innermost: {@code -1} is the last. */
  public int dim(int i) {
    return dims.get(i < 0 ? dims.size() + i : i);
  }

  /**
   * Number of elements; 1 for a scalar.
   *
   * @throws ArithmeticException where it exceeds a long
   */
  public long size() {
    long n = 1;
    for (int d : dims) {
      n = Math.multiplyExact(n, d);
    }
    return n;
  }

  /** This shape with its last dimension replaced. */
  public Shape withLast(int last) {
    return with(rank() - 1, last);
  }

  /** This shape with dimension {@code i} replaced. */
  public Shape with(int i, int dim) {
    int[] d = dims.stream().mapToInt(Integer::intValue).toArray();
    d[i] = dim;
    return of(d);
  }

  @Override
  public String toString() {
    return dims.toString();
  }
}
