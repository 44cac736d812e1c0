package org.drag4j.kernels.cuda;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.drag4j.kernels.cuda.driver.CudaLibrary;

/** A provider of operations other than our own kernels, and what it can be asked for. */
enum Library {
  /** cuBLASLt, called directly. */
  CUBLASLT(CudaLibrary.CUBLASLT),
  /** cuBLAS through JCublas. */
  JCUBLAS(CudaLibrary.CUBLAS),
  /** cuDNN 9's graph interface, called directly. */
  CUDNN(CudaLibrary.CUDNN),
  /** cuDNN's legacy interface through JCudnn. */
  JCUDNN(CudaLibrary.CUDNN);

  /** What options call the kernels of this repository. */
  static final String OWN = "own";

  private final CudaLibrary file;

  Library(CudaLibrary file) {
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

  /** Labels of the operations it does. */
  List<String> operations() {
    return switch (this) {
      case CUBLASLT, JCUBLAS -> List.of("linear");
      case CUDNN -> List.of("conv2d", "attention");
      case JCUDNN -> List.of("conv2d");
    };
  }

  static Optional<Library> of(String label) {
    return Arrays.stream(values()).filter(l -> l.label().equals(label)).findFirst();
  }

  /** Names that an operation's provider may have, our own kernels among them. */
  static List<String> providers(String operation) {
    return Stream.concat(
            Stream.of(OWN),
            Arrays.stream(values())
                .filter(l -> l.operations().contains(operation))
                .map(Library::label))
        .toList();
  }
}
