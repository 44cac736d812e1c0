package org.drag4j.tests.bench;

import java.util.concurrent.TimeUnit;
import org.drag4j.tests.conformance.CaseGraph;
import org.jspecify.annotations.Nullable;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Convolutions of SD 1.5 at 512x512: side, input and output channels, kernel, stride. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class Conv2dBenchmark {
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

  private @Nullable OneKernel kernel;

  /** Compiles the kernel. */
  @Setup
  public void open(DeviceState device) {
    kernel = OneKernel.open(device, shape, Conv2dBenchmark::operation);
  }

  private static void operation(CaseGraph g, int[] s) {
    g.conv2d(g.input("x", 1, s[0], s[0], s[1]), s[2], s[3], s[4], s[3] / 2, s[3] / 2, true)
        .output("y");
  }

  /** One call. */
  @Benchmark
  public void run() {
    if (kernel != null) {
      kernel.run();
    }
  }

  /** Releases the device. */
  @TearDown
  public void close() {
    if (kernel != null) {
      kernel.close();
    }
  }
}
