package org.drag4j.kernels.cuda.driver;

import java.nio.file.Path;
import java.util.Map;

/** A machine that has only the libraries a test compiles for it. */
public final class StandInLibraries {
  private StandInLibraries() {}

  /**
   * Libraries in C by file name. Their own names are others: what is loaded stays, and other tests
   * must not find it.
   */
  public static CudaLibraries of(Path folder, Map<String, String> sources) {
    sources.forEach((name, source) -> Gcc.library(folder, "standin-" + name, name, source));
    return CudaLibraries.of(Map.of(CudaLibraries.VARIABLE, folder.toString()), folder);
  }
}
