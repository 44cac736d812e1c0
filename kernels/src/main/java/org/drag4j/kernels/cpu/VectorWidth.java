package org.drag4j.kernels.cpu;

import org.drag4j.device.DeviceException;

/**
 * Bits of a vector register. C2 compiles vector code only where the species is a constant, so the
 * width is fixed for the life of the process by the first device that is opened.
 */
final class VectorWidth {
  private static int fixed = -1;

  private VectorWidth() {}

  /** 512, 256 or 128, or 0 where the Vector API is not there. */
  static int ofThisProcessor() {
    return VectorModule.isThere() ? Lanes.preferredBits() : 0;
  }

  /**
   * Fixes the width, 0 meaning plain Java loops.
   *
   * @throws DeviceException where it is not 0, 128, 256 or 512, wider than the processor's, or not
   *     the one fixed before
   */
  static synchronized int fix(int bits) {
    if (bits != 0 && bits != 128 && bits != 256 && bits != 512) {
      throw new DeviceException("cpu: --cpu-vector: expected 0, 128, 256 or 512, got " + bits);
    }
    if (bits > ofThisProcessor()) {
      throw new DeviceException(
          "cpu: --cpu-vector: expected at most "
              + ofThisProcessor()
              + " on this machine, got "
              + bits);
    }
    if (bits != 0 && fixed > 0 && fixed != bits) {
      throw new DeviceException(
          "cpu: --cpu-vector: expected "
              + fixed
              + " as before in this process, got "
              + bits
              + "; start another process for another width");
    }
    if (bits != 0) {
      fixed = bits;
    }
    return bits;
  }

  /** The width in force; read once, by {@link Lanes}. */
  static synchronized int fixedBits() {
    return fixed > 0 ? fixed : ofThisProcessor();
  }
}
