package org.drag4j.cli.console;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.drag4j.engine.Event;
import org.drag4j.engine.Job;
import org.drag4j.engine.JsonText;
import org.drag4j.pipeline.Progress;

/** Shows the phases of the work: a bar for people, lines for logs, JSON lines for programs. */
public final class ConsoleProgress implements Progress, AutoCloseable {
  /** What is shown. */
  public enum Mode {
    /** A bar on a terminal, lines elsewhere. */
    AUTO,
    /** A bar that is drawn over and over. */
    BAR,
    /** One line a phase, and one every ten seconds of a long one. */
    LINES,
    /** One JSON object a phase and a step. */
    JSON,
    /** Warnings alone. */
    NONE
  }

  private static final int CELLS = 20;
  private static final String EIGHTHS = "▏▎▍▌▋▊▉█";
  private static final long REDRAW_NANOS = 100_000_000;
  private static final long LINE_NANOS = 10_000_000_000L;

  private final Mode mode;
  private final PrintWriter out;
  private final BooleanSupplier cancelled;
  private final LongSupplier clock;
  private final boolean blocks;

  private String phase = "";
  private String unit = "it";
  private int total;
  private int done;
  private long started;
  private long drawn;
  private boolean open;
  private final Map<String, Double> phases = new LinkedHashMap<>();
  private final Set<String> said = new HashSet<>();
  private final Set<String> fresh = new LinkedHashSet<>();

  /** Follows the work on {@code out}; {@code clock} counts nanoseconds. */
  public ConsoleProgress(
      Mode mode, PrintWriter out, Charset charset, BooleanSupplier cancelled, LongSupplier clock) {
    this.mode = mode;
    this.out = out;
    this.cancelled = cancelled;
    this.clock = clock;
    this.blocks = charset.canEncode() && charset.newEncoder().canEncode(EIGHTHS);
  }

  /** Warnings of a command that has no phases, each as a line. */
  public static ConsoleProgress warnings(PrintWriter out) {
    return new ConsoleProgress(
        Mode.LINES, out, StandardCharsets.US_ASCII, () -> false, System::nanoTime);
  }

  @Override
  public void phase(String name, int steps) {
    phase(name, steps, "it");
  }

  /** A phase whose steps have another name than iterations. */
  public void phase(String name, int steps, String unitOfSteps) {
    finish();
    phase = name;
    unit = unitOfSteps;
    total = steps;
    done = 0;
    started = clock.getAsLong();
    drawn = started;
    open = true;
    switch (mode) {
      case JSON ->
          line(
              String.format(
                  Locale.ROOT,
                  "{\"event\": \"phase\", \"phase\": %s, \"steps\": %d}",
                  JsonText.of(name),
                  steps));
      case BAR -> draw();
      case AUTO, LINES, NONE -> {}
    }
  }

  @Override
  public void step(int stepsDone, int of) {
    done = stepsDone;
    total = of;
    switch (mode) {
      case JSON ->
          line(
              String.format(
                  Locale.ROOT,
                  "{\"event\": \"step\", \"phase\": %s, \"step\": %d, \"steps\": %d,"
                      + " \"seconds\": %.3f, \"rate\": %.3f, \"eta\": %.3f}",
                  JsonText.of(phase),
                  done,
                  total,
                  seconds(),
                  perSecond(),
                  done == 0 ? 0 : seconds() * (total - done) / done));
      case BAR -> {
        if (clock.getAsLong() - drawn >= REDRAW_NANOS) {
          draw();
        }
      }
      case LINES -> {
        if (done > 0 && done < total && clock.getAsLong() - drawn >= LINE_NANOS) {
          drawn = clock.getAsLong();
          line(
              String.format(
                  Locale.ROOT, "%-8s %d/%d  %s  eta %s", phase, done, total, rate(), eta()));
        }
      }
      case AUTO, NONE -> {}
    }
  }

  @Override
  public boolean cancelled() {
    return cancelled.getAsBoolean();
  }

  /** Ends the current phase: its work is done. */
  public void finish() {
    if (!open) {
      return;
    }
    open = false;
    done = total;
    phases.merge(phase, seconds(), Double::sum);
    switch (mode) {
      case BAR -> out.print("\r" + summary() + "\u001b[K\n");
      case LINES -> line(summary());
      case AUTO, JSON, NONE -> {}
    }
    out.flush();
  }

  /** The seconds of every phase that has ended. */
  public Map<String, Double> phaseSeconds() {
    var rounded = new LinkedHashMap<String, Double>();
    phases.forEach((name, time) -> rounded.put(name, Math.rint(time * 1000) / 1000));
    return rounded;
  }

  /** Ends the line of a bar that failed half way, so that the error starts on a new one. */
  @Override
  public void close() {
    if (open && mode == Mode.BAR) {
      out.print("\n");
      out.flush();
    }
    open = false;
  }

  /** Takes the bar away until the next step, so that something else can be printed. */
  public void aside() {
    if (open && mode == Mode.BAR) {
      out.print("\r\u001b[K");
      out.flush();
    }
  }

  private void draw() {
    drawn = clock.getAsLong();
    String left = done == 0 ? "" : rate() + "  eta " + eta();
    out.print(
        "\r"
            + String.format(Locale.ROOT, "%-8s %s %d/%d  %s", phase, bar(), done, total, left)
                .stripTrailing()
            + "\u001b[K");
    out.flush();
  }

  private String bar() {
    int eighths = total == 0 ? 0 : (int) ((long) done * CELLS * 8 / total);
    var cells = new StringBuilder();
    if (!blocks) {
      return "[" + "#".repeat(eighths / 8) + " ".repeat(CELLS - eighths / 8) + "]";
    }
    cells.append("█".repeat(eighths / 8));
    if (eighths % 8 > 0) {
      cells.append(EIGHTHS.charAt(eighths % 8 - 1));
    }
    return "▕" + cells + " ".repeat(CELLS - cells.length()) + "▏";
  }

  private String summary() {
    String time = time(seconds());
    return total <= 1
        ? String.format(Locale.ROOT, "%-8s %s", phase, time)
        : String.format(Locale.ROOT, "%-8s %d/%d  %s  %s", phase, done, total, rate(), time);
  }

  private String rate() {
    double perSecond = perSecond();
    return perSecond >= 1
        ? String.format(Locale.ROOT, "%.1f %s/s", perSecond, unit)
        : String.format(Locale.ROOT, "%.2f s/%s", 1 / perSecond, unit);
  }

  private double perSecond() {
    return done / Math.max(seconds(), 1e-9);
  }

  private String eta() {
    return time(seconds() * (total - done) / done);
  }

  private static String time(double seconds) {
    return seconds < 100
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : String.format(Locale.ROOT, "%d:%02d min", (int) seconds / 60, (int) seconds % 60);
  }

  private double seconds() {
    return (clock.getAsLong() - started) / 1e9;
  }

  /** Says a warning, unless it was said before. */
  @Override
  public void warn(String message) {
    fresh.add(message);
    if (!said.add(message)) {
      return;
    }
    switch (mode) {
      case JSON -> line("{\"event\": \"warning\", \"message\": " + JsonText.of(message) + "}");
      case AUTO, BAR, LINES, NONE -> {
        if (done >= total) {
          finish();
        } else {
          aside();
        }
        line("warning: " + message.replaceAll("\\p{Cntrl}", "?"));
      }
    }
  }

  /** The warnings since the last call, each once: what a result's record says of them. */
  public List<String> takeWarnings() {
    var taken = List.copyOf(fresh);
    fresh.clear();
    return taken;
  }

  /** One of many pieces of work begins, the next phases are its own. */
  public void item(String name, int number, int of) {
    finish();
    switch (mode) {
      case JSON ->
          line(
              String.format(
                  Locale.ROOT,
                  "{\"event\": \"item\", \"name\": %s, \"number\": %d, \"of\": %d}",
                  JsonText.of(name),
                  number,
                  of));
      case AUTO, BAR, LINES ->
          line(number + " of " + of + ": " + name.replaceAll("\\p{Cntrl}", "?"));
      case NONE -> {}
    }
  }

  /** A picture of what there is so far has been written. */
  public void preview(Path file, int step, int of) {
    if (mode == Mode.JSON) {
      line(
          String.format(
              Locale.ROOT,
              "{\"event\": \"preview\", \"phase\": %s, \"step\": %d, \"steps\": %d, \"file\": %s}",
              JsonText.of(phase),
              step,
              of,
              JsonText.of(file.toString())));
    }
  }

  /** Shows what a job says. */
  public void hear(Event event) {
    switch (event) {
      case Event.Phase(var name, var steps) -> phase(name, steps);
      case Event.Step(var stepsDone, var of) -> step(stepsDone, of);
      case Event.Warning(var message) -> warn(message);
      case Event.Glimpse _, Event.Done _, Event.Failed _ -> {}
    }
  }

  /** A job that this follows and stops. */
  public <R> Job<R> followed(Job<R> job) {
    return job.following(this::hear).stoppedBy(this::cancelled);
  }

  private void line(String text) {
    out.print(text + "\n");
    out.flush();
  }
}
