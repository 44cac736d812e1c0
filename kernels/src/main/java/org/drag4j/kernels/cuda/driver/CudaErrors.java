package org.drag4j.kernels.cuda.driver;

import java.util.Set;
import jcuda.driver.CUresult;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;

/** The driver's error codes as exceptions. */
final class CudaErrors {
  /** After these nothing more can be done in the context; every later call returns the same. */
  private static final Set<Integer> LOST =
      Set.of(
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_LAUNCH_FAILED);

  private CudaErrors() {}

  /**
   * Throws unless the call succeeded.
   *
   * @param call name of the driver's function
   */
  static void check(int result, String call) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw failure(result, call);
    }
  }

  static boolean lost(int result) {
    return LOST.contains(result);
  }

  private static DeviceException failure(int result, String call) {
    var message = "cuda: " + call + ": " + name(result);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      return new DeviceMemoryException(message);
    }
    return new DeviceException(
        lost(result)
            ? message + "; a kernel has failed and the device must be opened again"
            : message);
  }

  /** {@code CUDA_ERROR_ILLEGAL_ADDRESS}; newer codes than JCuda knows by their number. */
  static String name(int result) {
    var name = CUresult.stringFor(result);
    return name.startsWith("CUDA_") ? name : "CUDA error " + result;
  }
}
