import java.lang.management.ManagementFactory;

/**
 * Prints how long a command takes from the start of main to the end of the process, and how much of
 * the processor its main thread takes.
 */
final class MainTime {
  public static void main(String[] args) {
    long start = System.nanoTime();
    long thread = Thread.currentThread().threadId();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  long wall = System.nanoTime() - start;
                  long cpu = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread);
                  System.err.printf("main: %.0f ms, cpu %.0f ms%n", wall / 1e6, cpu / 1e6);
                }));
    org.drag4j.cli.Drag4j.main(args);
  }
}
