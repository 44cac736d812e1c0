package org.drag4j.kernels.cuda;

import java.util.List;
import org.drag4j.device.DeviceException;
import org.drag4j.kernels.cuda.driver.Cubins;
import org.drag4j.kernels.cuda.driver.CudaCompiler;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;
import org.drag4j.kernels.cuda.driver.CudaSource;
import org.drag4j.kernels.cuda.driver.ProgramCache;
import org.drag4j.kernels.cuda.kernel.CudaKernels;

/** Source of the device's kernel code. */
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

  /**
   * Programs compiled ahead for this device; else compiled here, once on this machine; else, where
   * there is no compiler, PTX for the driver to compile.
   */
  static CudaPrograms of(
      CudaDriver driver, int device, Cubins ahead, Opening compiler, ProgramCache cache) {
    int major = driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MAJOR);
    int minor = driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MINOR);
    return file -> {
      var source = CudaSource.of(file, CudaKernels.source(file));
      return ahead
          .cubin(source, major, minor)
          .orElseGet(() -> {
            CudaCompiler opened;
            try {
              opened = compiler.open();
            } catch (DeviceException e) {
              return ahead
                  .ptx(source, major)
                  .orElseThrow(() ->
                      new DeviceException(
                          e.getMessage() + "; " + ahead.missing(source, major, minor), e));
            }
            return cache.program(opened, source, List.of("--std=c++17"), "sm_" + major + minor);
          });
    };
  }
}
