package org.drag4j.kernels.cuda;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.drag4j.kernels.cuda.driver.CudaLibrary;

/**
 * A library of NVIDIA's, by one of its interfaces, that can take the place of the repository's own
 * kernels.
 */
enum Provider {
  /** cuBLASLt, called directly. */
  CUBLASLT(CudaLibrary.CUBLASLT),
  /** cuBLAS through JCublas. */
  JCUBLAS(CudaLibrary.CUBLAS),
  /** cuDNN 9's graph interface, called directly. */
  CUDNN(CudaLibrary.CUDNN),
  /** cuDNN's legacy interface through JCudnn. */
  JCUDNN(CudaLibrary.CUDNN);

  private final CudaLibrary file;

  Provider(CudaLibrary file) {
    this.file = file;
  }

  /** As options and kernel names spell it: {@code cublaslt}. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** NVIDIA's library that it needs. */
  CudaLibrary file() {
    return file;
  }

  /** Labels of the operations that the library computes. */
  List<String> operations() {
    return switch (this) {
      case CUBLASLT, JCUBLAS -> List.of("linear");
      case CUDNN -> List.of("conv2d", "attention");
      case JCUDNN -> List.of("conv2d");
    };
  }

  /** The providers of an operation. */
  static List<Provider> of(String operation) {
    return Arrays.stream(values()).filter(p -> p.operations().contains(operation)).toList();
  }
}
