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

/** GroupNorm with SiLU of SD 1.5 at 512x512: side, channels. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class GroupNormBenchmark {
  @Param({
    "64x320", "64x640", "64x960", "32x640", "32x1920", "16x1280", "8x2560", "128x512", "256x256",
    "512x128"
  })
  String shape = "";

  private @Nullable OneKernel kernel;

  /** Compiles the kernel. */
  @Setup
  public void open(DeviceState device) {
    kernel = OneKernel.open(device, shape, GroupNormBenchmark::operation);
  }

  private static void operation(CaseGraph g, int[] s) {
    g.groupNorm(g.input("x", 1, s[0], s[0], s[1]), 32, 1e-5f).silu().output("y");
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
