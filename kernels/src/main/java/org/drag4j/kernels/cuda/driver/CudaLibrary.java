package org.drag4j.kernels.cuda.driver;

import java.util.List;

/** A library of NVIDIA's that the CUDA device can use. */
public enum CudaLibrary {
  /** The driver itself; comes with the kernel module, never with a toolkit. */
  DRIVER("libcuda"),
  /** Compiles CUDA C++ at run time. */
  NVRTC("nvrtc"),
  /** Matrix products with fused epilogues. */
  CUBLASLT("cublasLt"),
  /** Matrix products; what JCublas calls. */
  CUBLAS("cublas"),
  /** Convolutions; JCudnn's legacy interface also works on version 8. */
  CUDNN("cudnn"),
  /** Named ranges for profilers; CUDA 13 dropped the old library for an interoperability one. */
  NVTX("nvtx");

  /**
   * A name of a shared object.
   *
   * @param cuda the CUDA release it belongs to, 0 where the name does not tell
   */
  record Soname(String name, int cuda) {}

  private final String label;

  CudaLibrary(String label) {
    this.label = label;
  }

  /** The name people know it by: {@code cublasLt}. */
  public String label() {
    return label;
  }

  /** Its names, the preferred one first. */
  List<Soname> sonames() {
    return switch (this) {
      case DRIVER -> List.of(new Soname("libcuda.so.1", 0));
      case NVRTC, CUBLASLT, CUBLAS ->
          List.of(
              new Soname("lib" + label + ".so.13", 13), new Soname("lib" + label + ".so.12", 12));
      case CUDNN -> List.of(new Soname("libcudnn.so.9", 0), new Soname("libcudnn.so.8", 0));
      case NVTX ->
          List.of(new Soname("libnvToolsExt.so.1", 0), new Soname("libnvtx3interop.so.1", 0));
    };
  }

  /** What helps where it is missing. */
  public String hint() {
    return this == DRIVER
        ? "install NVIDIA's driver"
        : "set " + CudaLibraries.VARIABLE + " to the folder that holds it";
  }
}
