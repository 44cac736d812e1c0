package org.drag4j.kernels.cuda;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.drag4j.device.Backend;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.kernels.cuda.kernel.CudaKernel;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Shim;
import org.drag4j.tensor.DType;

/** The CUDA device without a GPU: the driver in Java runs the kernels' own sources on the CPU. */
public final class ShimCuda {
  private static final long CAPACITY = 1L << 30;
  private static final long STAGING = 1 << 16;

  private ShimCuda() {}

  /**
   * A new device, which remembers all memory it ever gave away: one for each thing that is tried.
   * The calling test is skipped where there is no g++.
   */
  public static Backend open(DType activations) {
    return open(driver(), activations);
  }

  /** A device that chooses kernels and plans memory, but has no kernel to run. */
  public static Backend planning(DType activations) {
    return CudaBackend.open(
        new FakeCudaDriver(CAPACITY), 0, STAGING, activations, _ -> new byte[0], Libraries.NONE);
  }

  /** The device of a driver. */
  static CudaBackend open(FakeCudaDriver driver, DType activations) {
    return CudaBackend.open(driver, 0, STAGING, activations, ShimCuda::names, Libraries.NONE);
  }

  /** A driver that has every kernel. */
  static FakeCudaDriver driver() {
    return driver(CAPACITY);
  }

  /** The same with so many bytes of memory. */
  static FakeCudaDriver driver(long capacity) {
    var driver = new FakeCudaDriver(capacity);
    var shim = Shim.original();
    for (var kernel : CudaKernels.all()) {
      driver.with(
          kernel.name(),
          (device, shape, arguments) -> shim.run(kernel, shape, arguments, device.memory()));
    }
    return driver;
  }

  /** A module's image, as the driver in Java has it. */
  static byte[] names(String file) {
    return CudaKernels.all().stream()
        .filter(k -> k.file().equals(file))
        .map(CudaKernel::name)
        .collect(Collectors.joining(" "))
        .getBytes(StandardCharsets.UTF_8);
  }
}
