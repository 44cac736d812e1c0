package org.drag4j.kernels.cuda;

import java.util.List;
import org.drag4j.kernels.cuda.driver.CudaCompiler;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;
import org.drag4j.kernels.cuda.driver.CudaSource;
import org.drag4j.kernels.cuda.driver.ProgramCache;
import org.drag4j.kernels.cuda.kernel.CudaKernels;

/** Where the device gets its kernels' code from. */
@FunctionalInterface
interface CudaPrograms {
  /**
   * The module of all kernels of a source, as the driver loads it.
   *
   * @param file one of {@link CudaKernels#files}
   * @throws org.drag4j.device.DeviceException where there is no compiler, or it refuses
   */
  byte[] image(String file);

  /** Opens the compiler, which a device that is never used does not need. */
  @FunctionalInterface
  interface Opening {
    CudaCompiler open();
  }

  /** Compiled for this very device, once on this machine. */
  static CudaPrograms compiled(
      CudaDriver driver, int device, Opening compiler, ProgramCache cache) {
    return file -> {
      var arch =
          "sm_"
              + driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MAJOR)
              + driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MINOR);
      var source = CudaSource.of(file, CudaKernels.source(file));
      return cache.program(compiler.open(), source, List.of("--std=c++17"), arch);
    };
  }
}
