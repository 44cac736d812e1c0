package org.drag4j.kernels.cuda.driver;

import java.util.List;

/** Compiles CUDA C++. */
public interface CudaCompiler {
  /** Name and version; two that differ may compile to different code. */
  String version();

  /**
   * Compiles for a chip.
   *
   * @param arch {@code sm_90} for a cubin, {@code compute_80} for PTX, zero-terminated
   * @throws org.drag4j.device.DeviceException with the compiler's log where the source does not
   *     compile
   */
  byte[] compile(CudaSource source, List<String> options, String arch);
}
