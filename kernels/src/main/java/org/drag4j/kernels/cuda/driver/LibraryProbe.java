package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;

/** Whether one of NVIDIA's libraries is here, and if not, why. */
public sealed interface LibraryProbe {
  CudaLibrary library();

  /** One line for people: version and path, or the reason. */
  String line();

  /**
   * Loaded for the life of the process.
   *
   * @param soname the name it was found under, links not followed: {@code libcublas.so.13}
   * @param version as the library itself says
   */
  record Loaded(CudaLibrary library, String soname, Path path, String version, SymbolLookup symbols)
      implements LibraryProbe {
    /** First number of the soname: 13 for {@code libcublas.so.13}. */
    public int major() {
      return Integer.parseInt(soname.substring(soname.lastIndexOf('.') + 1));
    }

    @Override
    public String line() {
      return library.label() + " " + version + " (" + path + ")";
    }
  }

  /** Not usable; {@code reason} says what was looked for and where, or what failed. */
  record Missing(CudaLibrary library, String reason) implements LibraryProbe {
    @Override
    public String line() {
      return library.label() + " missing: " + reason;
    }
  }
}
