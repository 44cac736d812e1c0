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

/** Linear layers of SD 1.5 at 512x512: tokens, input and output channels. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class LinearBenchmark {
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

  private @Nullable OneKernel kernel;

  /** Compiles the kernel. */
  @Setup
  public void open(DeviceState device) {
    kernel = OneKernel.open(device, shape, LinearBenchmark::operation);
  }

  private static void operation(CaseGraph g, int[] s) {
    g.linear(g.input("x", 1, s[0], s[1]), s[2], true).output("y");
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
