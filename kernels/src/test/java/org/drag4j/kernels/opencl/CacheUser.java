package org.drag4j.kernels.opencl;

import java.nio.file.Path;
import java.util.Arrays;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;

/** A process that opens the first device with a given cache and prints what a network computes. */
final class CacheUser {
  private CacheUser() {}

  public static void main(String[] args) {
    var info = DeviceList.get().devices().getFirst();
    System.out.println("started");
    System.out.flush();
    try (var backend = OpenClBackend.open(info, DType.F32, new ProgramCache(Path.of(args[0])))) {
      var y = Network.run(backend, Trace.OFF);
      System.out.println("result " + Arrays.hashCode(y));
    }
  }
}
