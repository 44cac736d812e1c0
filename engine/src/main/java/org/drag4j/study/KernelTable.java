package org.drag4j.study;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.drag4j.device.Tuned;
import org.drag4j.trace.TimingTrace;

/** Where the time of a run went, kernel by kernel, as a Markdown table. */
public final class KernelTable {
  private KernelTable() {}

  /**
   * The table's lines, the longest time first; the last line is the sum.
   *
   * <p>GFLOP/s are those of the direct algorithm, so a kernel that saves arithmetic may show more
   * than the processor can do.
   */
  public static List<String> lines(TimingTrace trace) {
    var rows = trace.byKernel();
    long nanos = rows.stream().mapToLong(TimingTrace.Row::nanos).sum();
    long flops = rows.stream().mapToLong(row -> row.cost().flops()).sum();
    int calls = rows.stream().mapToInt(TimingTrace.Row::calls).sum();
    var lines = new ArrayList<String>();
    lines.add(row("kernel", "calls", "ms", "share", "GFLOP/s"));
    lines.add(row("---", "--:", "--:", "--:", "--:"));
    for (var row : rows) {
      lines.add(row(row.kernel(), row.calls(), row.nanos(), nanos, row.cost().flops()));
    }
    lines.add(row("all", calls, nanos, nanos, flops));
    return lines;
  }

  /** The same lines, and the number of calls whose kernel was chosen by measurement. */
  public static List<String> lines(TimingTrace trace, Tuned tuned) {
    var lines = new ArrayList<>(lines(trace));
    if (!tuned.equals(Tuned.NONE)) {
      int calls = trace.calls(step -> !tuned.of(step.node()).isEmpty());
      lines.add(calls + " calls tuned: by kernels that drag4j tune has measured");
    }
    return lines;
  }

  /**
   * Rows by which runs on any two devices are compared: one for each operation at each path, with
   * its kernels.
   */
  public static List<Map<String, Object>> json(TimingTrace trace) {
    var rows = new ArrayList<Map<String, Object>>();
    for (var row : trace.byPath()) {
      var json = new LinkedHashMap<String, Object>();
      json.put("op", row.op());
      json.put("path", row.path());
      json.put("kernel", row.kernel());
      json.put("calls", row.calls());
      json.put("ms", row.nanos() / 1e6);
      json.put("gflops", row.gigaflops());
      rows.add(json);
    }
    return rows;
  }

  private static String row(String kernel, int calls, long nanos, long of, long flops) {
    return row(
        kernel,
        Integer.toString(calls),
        String.format(Locale.ROOT, "%.1f", nanos / 1e6),
        String.format(Locale.ROOT, "%.1f%%", 100.0 * nanos / Math.max(1, of)),
        String.format(Locale.ROOT, "%.1f", (double) flops / Math.max(1, nanos)));
  }

  private static String row(String kernel, String calls, String ms, String share, String rate) {
    return String.format(
        Locale.ROOT, "| %-44s | %6s | %10s | %6s | %8s |", kernel, calls, ms, share, rate);
  }
}
