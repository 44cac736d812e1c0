package org.drag4j.tests.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Single kernels in the shapes of SD 1.5 at 512x512. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class KernelBenchmark {
  /** Attention: heads, queries, keys, head dimension. */
  @State(Scope.Benchmark)
  public static class Attention extends OneKernel {
    @Param({
      "8x4096x4096x40",
      "8x1024x1024x80",
      "8x256x256x160",
      "8x64x64x160",
      "8x4096x77x40",
      "8x1024x77x80",
      "8x256x77x160",
      "1x4096x4096x512"
    })
    String shape = "";

    /** Compiles the kernel. */
    @Setup
    public void open(DeviceState device) {
      open(device, "attention", shape);
    }
  }

  /** Convolutions: side, channels in and out, kernel, stride. */
  @State(Scope.Benchmark)
  public static class Conv2d extends OneKernel {
    @Param({
      "64x320x320x3x1",
      "64x640x320x3x1",
      "64x960x320x3x1",
      "32x640x640x3x1",
      "32x1280x640x3x1",
      "32x1920x640x3x1",
      "16x1280x1280x3x1",
      "16x2560x1280x3x1",
      "8x1280x1280x3x1",
      "8x2560x1280x3x1",
      "64x320x320x3x2",
      "64x320x320x1x1",
      "128x512x512x3x1",
      "256x256x256x3x1",
      "512x128x128x3x1"
    })
    String shape = "";

    /** Compiles the kernel. */
    @Setup
    public void open(DeviceState device) {
      open(device, "conv2d", shape);
    }
  }

  /** GroupNorm with SiLU: side, channels. */
  @State(Scope.Benchmark)
  public static class GroupNorm extends OneKernel {
    @Param({
      "64x320", "64x640", "64x960", "32x640", "32x1920", "16x1280", "8x2560", "128x512", "256x256",
      "512x128"
    })
    String shape = "";

    /** Compiles the kernel. */
    @Setup
    public void open(DeviceState device) {
      open(device, "group_norm", shape);
    }
  }

  /** Linear layers: tokens, channels in and out. */
  @State(Scope.Benchmark)
  public static class Linear extends OneKernel {
    @Param({
      "4096x320x320",
      "4096x320x2560",
      "4096x1280x320",
      "1024x640x640",
      "1024x640x5120",
      "1024x2560x640",
      "256x1280x1280",
      "256x1280x10240",
      "256x5120x1280",
      "64x1280x1280",
      "77x768x1280",
      "1x1280x1280"
    })
    String shape = "";

    /** Compiles the kernel. */
    @Setup
    public void open(DeviceState device) {
      open(device, "linear", shape);
    }
  }

  /** One call. */
  @Benchmark
  public void attention(Attention kernel) {
    kernel.run();
  }

  /** One call. */
  @Benchmark
  public void conv2d(Conv2d kernel) {
    kernel.run();
  }

  /** One call. */
  @Benchmark
  public void groupNorm(GroupNorm kernel) {
    kernel.run();
  }

  /** One call. */
  @Benchmark
  public void linear(Linear kernel) {
    kernel.run();
  }
}
