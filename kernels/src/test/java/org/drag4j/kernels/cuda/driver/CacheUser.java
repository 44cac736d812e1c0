package org.drag4j.kernels.cuda.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A process that takes a program from a cache; {@link ProgramCacheProcessesTest} starts it. */
final class CacheUser {
  static final CudaSource SOURCE = CudaSource.of("add.cu", "void add() {}");

  /** What the program in use is. */
  static final byte[] PROGRAM = "add\n".repeat(100_000).getBytes(StandardCharsets.UTF_8);

  private CacheUser() {}

  /**
   * The cache, the file that counts compilations, and {@code works} or {@code hangs}: the latter
   * never ends compiling, and leaves half a program as one does that is killed while it writes.
   */
  public static void main(String[] args) throws IOException {
    var folder = Path.of(args[0]);
    var compiler =
        new CudaCompiler() {
          @Override
          public String version() {
            return "test 1";
          }

          @Override
          public byte[] compile(CudaSource source, List<String> options, String arch) {
            try {
              Files.writeString(
                  Path.of(args[1]),
                  "compiled\n",
                  StandardOpenOption.CREATE,
                  StandardOpenOption.APPEND);
              if (args[2].equals("hangs")) {
                Files.write(
                    Files.createTempFile(folder, "program", ".tmp"), Arrays.copyOf(PROGRAM, 1000));
                System.out.println("compiling");
                new CountDownLatch(1).await();
              }
              return PROGRAM;
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        };
    // Ready; goes on when all are.
    System.out.println("ready");
    if (System.in.read() < 0) {
      throw new IOException("stdin: expected a byte, got its end");
    }
    var program = ProgramCache.of(folder).program(compiler, SOURCE, List.of(), "sm_90");
    System.out.println(Arrays.equals(PROGRAM, program) ? "right" : "wrong");
  }
}
