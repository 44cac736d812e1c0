package org.drag4j.kernels.cuda.kernel;

import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * One kernel: where it is and how it is launched.
 *
 * @param name the entry point
 * @param file the source it is in; see {@link CudaKernels#source}
 * @param arguments the struct it takes
 * @param threads threads of a block, in one row
 * @param shared dynamic shared memory of a block in bytes; above 48 KB a function must be allowed
 *     it before the launch
 * @param blocks the grid of a call
 */
public record CudaKernel<A extends Record>(
    String name,
    String file,
    ArgumentLayout<A> arguments,
    int threads,
    ToIntFunction<A> shared,
    Function<A, Grid> blocks) {
  /** Dynamic shared memory of a block of this call, in bytes. */
  public int sharedBytes(A args) {
    return shared.applyAsInt(args);
  }

  /**
   * The grid of this call.
   *
   * @throws IllegalArgumentException if there would be no block or too many
   */
  public Grid grid(A args) {
    return blocks.apply(args);
  }

  @Override
  public String toString() {
    return name;
  }
}
