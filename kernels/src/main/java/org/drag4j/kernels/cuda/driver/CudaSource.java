package org.drag4j.kernels.cuda.driver;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A source file and all that it includes.
 *
 * @param headers texts by the name they are included under
 */
public record CudaSource(String name, String text, SortedMap<String, String> headers) {
  public CudaSource {
    headers = Collections.unmodifiableSortedMap(new TreeMap<>(headers));
  }

  /** A file that includes nothing. */
  public static CudaSource of(String name, String text) {
    return new CudaSource(name, text, new TreeMap<>());
  }
}
