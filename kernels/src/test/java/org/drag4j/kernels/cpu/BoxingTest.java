package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No kernel boxes its vectors once it is compiled, even where the compiler has no profile of the
 * classes it meets: profiles are empty when a kernel is compiled early, and then vectors stay boxed
 * for as long as the process lives.
 */
final class BoxingTest {
  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void nothingIsAllocatedWithoutProfiles(int bits) throws Exception {
    assumeTrue(bits <= VectorWidth.ofThisProcessor(), "the processor has no such vectors");
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--add-modules", "jdk.incubator.vector", "-XX:-UseTypeProfile", "-Xbatch", "-cp"));
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Program.class.getName());
    command.add(Integer.toString(bits));
    var process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    process.getOutputStream().close();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    assertEquals("", output, "bytes allocated by a run");
  }

  /** Runs every kernel until it is compiled, and says which of them allocate even then. */
  static final class Program {
    /** Enough for the compiler's usual thresholds, which with -Xbatch the runs wait for. */
    private static final int WARM_UP = 12_000;

    private static final int RUNS = 1000;

    private Program() {}

    public static void main(String[] args) {
      VectorWidth.fix(Integer.parseInt(args[0]));
      var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      for (var probe : SelfTest.all().toList()) {
        for (int i = 0; i < WARM_UP; i++) {
          probe.once().run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < RUNS; i++) {
          probe.once().run();
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        if (bytes > RUNS) {
          System.out.println(probe.kernel() + ": " + bytes / RUNS);
        }
      }
    }
  }
}
