package org.drag4j.cli.console;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.drag4j.pipeline.CancelledException;

/** A program that may die or hang, and what it said. */
public final class ChildProcess {
  private static final int MAX_LINE = 1 << 20;
  private static final int MAX_SAID = 300;
  private static final int SIGNALS = 128;
  private static final long POLL_MILLIS = 50;
  private static final long READER_SECONDS = 10;
  private static final Map<Integer, String> NAMES =
      Map.of(
          4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV", 15,
          "SIGTERM");

  /** What the JVM says first of a signal that it catches. */
  private static final Pattern CRASH =
      Pattern.compile("# {1,3}((SIG|EXCEPTION_|Internal Error).*)");

  /** What every JVM of ours says, well or not. */
  private static final String USUAL = "WARNING: Using incubator modules";

  private static final String FRAME = "# Problematic frame:";

  private final String mark;
  private final Consumer<String> lines;
  private String last = "";
  private String crash = "";
  private String frame = "";
  private boolean frameFollows;

  private ChildProcess(String mark, Consumer<String> lines) {
    this.mark = mark;
    this.lines = lines;
  }

  /** How to run another program of this class path on this JVM, with the flags of this one. */
  public static List<String> java(Class<?> program, List<String> args) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    for (var flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      // Agents write files and listen at ports, of which there is one each.
      if (!flag.matches("-(agent|javaagent|Xrun|XX:StartFlightRecording).*")) {
        command.add(flag);
      }
    }
    command.addAll(List.of("-XX:+ErrorFileToStdout", "-XX:-CreateCoredumpOnCrash"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path", ""), program.getName()));
    command.addAll(args);
    return command;
  }

  /**
   * Runs a program to its end.
   *
   * @param mark what the program's own lines begin with
   * @param lines is handed these as they come, the mark left out, on another thread
   * @return what went wrong with the program itself, in a line; empty where nothing did
   * @throws CancelledException where {@code cancelled} says so before the end
   */
  public static String run(
      List<String> command,
      Duration limit,
      BooleanSupplier cancelled,
      String mark,
      Consumer<String> lines) {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return "expected to start " + command.getFirst() + ", got: " + ExitCode.message(e);
    }
    var child = new ChildProcess(mark, lines);
    try {
      var reader = Thread.ofPlatform().daemon().start(() -> child.read(process));
      long end = System.nanoTime() + limit.toNanos();
      while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        if (cancelled.getAsBoolean()) {
          throw new CancelledException();
        }
        if (System.nanoTime() - end >= 0) {
          kill(process);
          reader.join(Duration.ofSeconds(READER_SECONDS));
          return "expected an end within " + limit.toSeconds() + " s, got none" + child.said();
        }
      }
      // Ctrl-C reaches the whole group.
      if (cancelled.getAsBoolean()) {
        throw new CancelledException();
      }
      reader.join(Duration.ofSeconds(READER_SECONDS));
      int code = process.exitValue();
      return code == 0 ? "" : "expected an orderly end, got " + ended(code) + child.said();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    } finally {
      kill(process);
    }
  }

  private static void kill(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /** An exit code in words; on Unix the signal that ended the process. */
  static String ended(int code) {
    int signal = code - SIGNALS;
    return signal > 0 && signal < 32
        ? String.format(
            Locale.ROOT, "%s (exit code %d)", NAMES.getOrDefault(signal, "signal " + signal), code)
        : "exit code " + code;
  }

  private void read(Process process) {
    try (var in =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      var line = new StringBuilder();
      while (next(in, line)) {
        var text = line.toString();
        if (text.startsWith(mark)) {
          lines.accept(text.substring(mark.length()));
        } else {
          hear(text);
        }
      }
    } catch (IOException e) {
      // The pipe of a process that was ended: there is no more to hear.
    }
  }

  /** The next line, its end cut off where it is longer than any of ours. */
  private static boolean next(Reader in, StringBuilder line) throws IOException {
    line.setLength(0);
    int c = in.read();
    if (c < 0) {
      return false;
    }
    for (; c >= 0 && c != '\n'; c = in.read()) {
      if (line.length() < MAX_LINE) {
        line.append((char) c);
      }
    }
    return true;
  }

  /** Of a crash's long report where it was, of anything else the last words. */
  private synchronized void hear(String line) {
    var start = CRASH.matcher(line);
    if (frameFollows) {
      frame = line.replaceFirst("^# *", "");
      frameFollows = false;
    } else if (line.startsWith(FRAME) && frame.isEmpty()) {
      frameFollows = true;
    } else if (crash.isEmpty() && start.matches()) {
      crash = start.group(1);
    } else if (crash.isEmpty()
        && !line.isBlank()
        && !line.startsWith("#")
        && !line.startsWith(USUAL)) {
      last = line;
    }
  }

  private synchronized String said() {
    var said = crash.isEmpty() ? last : crash + (frame.isEmpty() ? "" : ", in " + frame);
    var line = said.strip().replaceAll("\\s+", " ").replaceAll("\\p{Cntrl}", "?");
    return line.isEmpty()
        ? ""
        : "; it said: " + line.substring(0, Math.min(line.length(), MAX_SAID));
  }
}
