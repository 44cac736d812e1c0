package org.drag4j.kernels.cuda.kernel;

/** How many blocks a launch has in each direction. */
public record Grid(int x, int y, int z) {
  /** What every device allows in the second and third direction. */
  private static final int MAX_YZ = 65535;

  public Grid {
    if (x < 1 || y < 1 || z < 1 || y > MAX_YZ || z > MAX_YZ) {
      throw new IllegalArgumentException(
          "grid: expected 1 to 2147483647 by 1 to 65535 by 1 to 65535 blocks, got "
              + x
              + " by "
              + y
              + " by "
              + z
              + "; use a smaller batch or picture");
    }
  }

  /** Blocks in one row that have a thread for each of {@code items}. */
  static Grid covering(long items, int threads) {
    return new Grid(Math.toIntExact(Math.ceilDiv(items, threads)), 1, 1);
  }
}
