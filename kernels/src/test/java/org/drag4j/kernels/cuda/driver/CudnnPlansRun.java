package org.drag4j.kernels.cuda.driver;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import org.drag4j.tensor.DType;

/**
 * Lets cuDNN plan every convolution and attention of Stable Diffusion 1.5 at 512x512 for a GPU that
 * is not here. A process of its own, since a stand-in for the driver is loaded into it: started by
 * {@link CudnnPlansTest}, with that stand-in; prints a line each.
 */
final class CudnnPlansRun {
  /** An H200 as cuDNN 9.24 wants to be told of it. */
  static final String H200 =
      """
      {"cudaDeviceId":0,"deviceId":1,"deviceVer":900,"driverVer":13000,"cudartVer":1,\
      "runtimeVer":1,"regsPerBlock":65536,"multiProcessorCount":132,"smCountOrigin":0,\
      "warpSize":32,"maxSharedMemoryPerBlock":49152,"maxSharedMemoryPerBlockOptin":232448,\
      "reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,"maxCtasPerSM":32,\
      "maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"pciDeviceId":0,"isTccDriver":0,\
      "supportCoopLaunch":1,"smClockRateKHz":1980000,"memClockRateKHz":3201000,\
      "l2CacheSize":62914560,"deviceName":"NVIDIA H200","totalGlobalMem":150754820096,\
      "maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64]}\
      """;

  private static final long WORKSPACE = 32L << 20;

  private CudnnPlansRun() {}

  public static void main(String[] arguments) {
    Native.library(Path.of(arguments[0]));
    var library = CudaLibraries.ofThisMachine().require(CudaLibrary.CUDNN);
    try (var cudnn = Cudnn.offline(library, H200)) {
      for (int batch : new int[] {1, 2, 10}) {
        for (var spec : convolutions(batch)) {
          say(spec, cudnn.prepare(spec, WORKSPACE));
        }
      }
      for (var spec : attentions(1)) {
        say(spec, cudnn.prepare(spec, WORKSPACE));
      }
      var single = new ConvolutionSpec(1, 32, 32, 64, 64, 3, 3, 1, 1, 1, DType.F32, true, false);
      say(single, cudnn.prepare(single, WORKSPACE));
    }
    System.out.println("end");
  }

  private static void say(Library.Spec spec, Offer<Library.Operation> offer) {
    switch (offer) {
      case Offer.Ready<Library.Operation>(var plan) -> {
        System.out.println(plan.algorithm() + " " + plan.workspaceBytes() + " " + spec);
        plan.close();
      }
      case Offer.Refused<Library.Operation>(var reason) ->
          System.out.println("refused " + spec + ": " + reason);
    }
  }

  /** The networks' convolutions as plans ask for them: with bias, after a block with residual. */
  static SequencedSet<ConvolutionSpec> convolutions(int batch) {
    var all = new LinkedHashSet<ConvolutionSpec>();
    int[][] blocks = { // UNet: size, in, out
      {64, 320, 320}, {32, 320, 640}, {32, 640, 640}, {16, 640, 1280}, {16, 1280, 1280},
      {8, 1280, 1280}, {8, 2560, 1280}, {16, 2560, 1280}, {16, 1920, 1280}, {32, 1920, 640},
      {32, 1280, 640}, {32, 960, 640}, {64, 960, 320}, {64, 640, 320},
    };
    all.add(conv(batch, 64, 4, 320, 3, false));
    all.add(conv(batch, 64, 320, 4, 3, false));
    for (var b : blocks) {
      block(all, batch, b[0], b[1], b[2]);
    }
    for (int[] s : new int[][] {{64, 320}, {32, 640}, {16, 1280}}) {
      all.add(
          new ConvolutionSpec(
              batch, s[0], s[0], s[1], s[1], 3, 3, 2, 1, 1, DType.F16, true, false));
    }
    for (int[] s : new int[][] {{16, 1280}, {32, 1280}, {64, 640}}) {
      all.add(conv(batch, s[0], s[1], s[1], 3, false)); // after an upsampling
    }
    for (int[] s : new int[][] {{64, 320}, {32, 640}, {16, 1280}, {8, 1280}}) {
      all.add(conv(batch, s[0], s[1], s[1], 1, false)); // proj_in
      all.add(conv(batch, s[0], s[1], s[1], 1, true)); // proj_out
    }
    if (batch == 1) {
      vae(all);
    }
    return all;
  }

  private static void vae(SequencedSet<ConvolutionSpec> all) {
    all.add(conv(1, 512, 3, 128, 3, false));
    int[][] blocks = {
      {512, 128, 128},
      {256, 128, 256},
      {256, 256, 256},
      {128, 256, 512},
      {128, 512, 512},
      {64, 512, 512},
      {256, 512, 256},
      {256, 512, 512},
      {512, 256, 128},
    };
    for (var b : blocks) {
      block(all, 1, b[0], b[1], b[2]);
    }
    for (int[] s : new int[][] {{512, 128}, {256, 256}, {128, 512}}) {
      all.add(
          new ConvolutionSpec(1, s[0], s[0], s[1], s[1], 3, 3, 2, 0, 1, DType.F16, true, false));
    }
    all.add(conv(1, 512, 256, 256, 3, false));
    all.add(conv(1, 64, 512, 8, 3, false));
    all.add(conv(1, 64, 8, 8, 1, false));
    all.add(conv(1, 64, 4, 4, 1, false));
    all.add(conv(1, 64, 4, 512, 3, false));
    all.add(conv(1, 512, 128, 3, 3, false));
  }

  /** Both convolutions of a residual block, and its shortcut. */
  private static void block(
      SequencedSet<ConvolutionSpec> all, int batch, int size, int in, int out) {
    all.add(conv(batch, size, in, out, 3, false));
    all.add(conv(batch, size, out, out, 3, true));
    if (in != out) {
      all.add(conv(batch, size, in, out, 1, false));
    }
  }

  private static ConvolutionSpec conv(
      int batch, int size, int in, int out, int window, boolean residual) {
    int pad = window / 2;
    return new ConvolutionSpec(
        batch, size, size, in, out, window, window, 1, pad, pad, DType.F16, true, residual);
  }

  /** Self- and cross-attention of the UNet, and the VAE's single head. */
  static List<AttentionSpec> attentions(int batch) {
    var all = new ArrayList<AttentionSpec>();
    for (int[] s : new int[][] {{4096, 40}, {1024, 80}, {256, 160}, {64, 160}}) {
      all.add(new AttentionSpec(batch, 8, s[0], s[0], s[1], false, DType.F16));
      all.add(new AttentionSpec(batch, 8, s[0], 77, s[1], false, DType.F16));
    }
    all.add(new AttentionSpec(1, 1, 4096, 4096, 512, false, DType.F16));
    return all;
  }
}
