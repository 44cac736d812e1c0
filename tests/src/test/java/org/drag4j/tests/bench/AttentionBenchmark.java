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

/** Attention of SD 1.5 at 512x512: heads, queries, keys, head dimension. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class AttentionBenchmark {
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

  private @Nullable OneKernel kernel;

  /** Compiles the kernel. */
  @Setup
  public void open(DeviceState device) {
    kernel = OneKernel.open(device, shape, AttentionBenchmark::operation);
  }

  private static void operation(CaseGraph g, int[] s) {
    int width = s[0] * s[3];
    var k = g.input("k", 1, s[2], width);
    var v = g.input("v", 1, s[2], width);
    g.attention(g.input("q", 1, s[1], width), k, v, s[0], false).output("y");
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
