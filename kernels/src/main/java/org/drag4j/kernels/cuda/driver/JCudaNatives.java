package org.drag4j.kernels.cuda.driver;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import jcuda.CudaException;
import jcuda.JCudaVersion;
import jcuda.LibUtils;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcudnn.JCudnn;
import org.drag4j.device.DeviceException;

/**
 * Loads JCuda's native libraries. By itself JCuda unpacks them to fixed names in the shared folder
 * for temporary files and takes what lies there already; here each comes from a private folder,
 * made to ask for the release of NVIDIA's library that this machine has.
 */
final class JCudaNatives {
  private static final String CUBLAS = "libcublas.so.12";
  private static final String CUDNN = "libcudnn.so.8";
  private static final int MAX_BYTES = 64 << 20;

  /** Failures, by library: a class that failed to initialise cannot be tried again. */
  private static final Map<String, DeviceException> FAILED = new HashMap<>();

  private JCudaNatives() {}

  /**
   * Makes {@code JCudaDriver} usable; libcuda must be loaded.
   *
   * @throws DeviceException where its library does not load
   */
  static void driver() {
    load("JCudaDriver", "JCudaDriver", JCudaDriver.class, bytes -> bytes);
  }

  /**
   * Makes {@code JCublas2} usable with the given cuBLAS.
   *
   * @throws DeviceException where its library does not load
   */
  static void cublas(LibraryProbe.Loaded cublas) {
    load("JCublas2", "JCublas2", JCublas2.class, bytes -> asking(bytes, CUBLAS, cublas.soname()));
  }

  /**
   * Makes {@code JCudnn} usable with the given cuDNN.
   *
   * @throws DeviceException where its library does not load
   */
  static void cudnn(LibraryProbe.Loaded cudnn) {
    // JCudnn 11.7 looks for a file of JCuda's version, which its own jar does not have.
    load("JCudnn", "JCudnn-11.7.0", JCudnn.class, bytes -> asking(bytes, CUDNN, cudnn.soname()));
  }

  private static byte[] asking(byte[] library, String from, String to) {
    return from.equals(to) ? library : ElfSoname.renamed(library, from, to);
  }

  /**
   * The library as its jar holds it.
   *
   * @param name with its version where that is not JCuda's
   */
  static byte[] packaged(String name) {
    var file = "/lib/" + fileName(name);
    try (var in = LibUtils.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new DeviceException(
            "jcuda: expected "
                + file
                + " on the class path, got none; there are natives for Linux"
                + " on x86-64 only");
      }
      return in.readNBytes(MAX_BYTES);
    } catch (IOException e) {
      throw new DeviceException("jcuda: " + file + ": " + e.getMessage(), e);
    }
  }

  private static String fileName(String name) {
    var versioned = name.indexOf('-') < 0 ? name + "-" + JCudaVersion.get() : name;
    return LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(versioned));
  }

  private static synchronized void load(
      String name, String packagedName, Class<?> user, UnaryOperator<byte[]> change) {
    var failure = FAILED.get(name);
    if (failure != null) {
      throw failure;
    }
    try {
      initialise(user, fileName(name), change.apply(packaged(packagedName)));
    } catch (DeviceException e) {
      FAILED.put(name, e);
      throw e;
    }
  }

  private static void initialise(Class<?> user, String file, byte[] library) {
    var before = System.getProperty("java.io.tmpdir", "/tmp");
    try {
      var folder = Files.createTempDirectory("drag4j-jcuda-"); // readable by the owner only
      var path = folder.resolve(file);
      try {
        Files.write(path, library);
        System.setProperty("java.io.tmpdir", folder.toString());
        MethodHandles.privateLookupIn(user, MethodHandles.lookup()).ensureInitialized(user);
      } finally {
        System.setProperty("java.io.tmpdir", before);
        // A loaded library stays mapped without its file.
        Files.deleteIfExists(path);
        Files.deleteIfExists(folder);
      }
    } catch (LinkageError | CudaException e) {
      throw new DeviceException(
          "jcuda: " + file + ": " + reason(e) + "; see drag4j devices for the libraries found", e);
    } catch (IOException | IllegalAccessException e) {
      throw new DeviceException("jcuda: " + file + ": " + e.getMessage(), e);
    }
  }

  /** The line of JCuda's long report that tells what the dynamic loader said. */
  private static String reason(Throwable e) {
    var lines = String.valueOf(e.getMessage()).lines().toList();
    return lines.stream()
        .filter(line -> line.contains("cannot open") || line.contains("undefined symbol"))
        .findFirst()
        .or(() -> lines.stream().findFirst())
        .orElse(e.getClass().getSimpleName())
        .strip();
  }
}
