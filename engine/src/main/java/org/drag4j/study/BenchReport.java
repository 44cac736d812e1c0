package org.drag4j.study;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.drag4j.tensor.DType;

/**
 * What was timed, on what, and how long it took.
 *
 * @param size side of the picture in pixels
 * @param tuned shapes for which the device's kernels were chosen by {@code drag4j tune}
 * @param peakRssBytes most memory the process had resident; -1 where the system does not say
 * @param commit of the program's source
 */
public record BenchReport(
    BenchTarget what,
    String device,
    int threads,
    int size,
    int batch,
    DType dtype,
    boolean exact,
    int tuned,
    BenchTimes times,
    long peakRssBytes,
    String commit) {
  private static final String ROW = "| %s | %s | %s |";

  /** Every field by its JSON name; times in milliseconds. */
  public Map<String, Object> json() {
    var json = new LinkedHashMap<String, Object>();
    json.put("what", what.toString());
    json.put("device", device);
    json.put("threads", threads);
    json.put("size", size);
    json.put("batch", batch);
    json.put("dtype", dtype.name().toLowerCase(Locale.ROOT));
    json.put("exact", exact);
    json.put("runs", times.runs());
    json.put("minMs", rounded(times.min()));
    json.put("medianMs", rounded(times.median()));
    json.put("p5Ms", rounded(times.percentile(5)));
    json.put("p95Ms", rounded(times.percentile(95)));
    json.put("peakRssBytes", peakRssBytes);
    json.put("commit", commit);
    return json;
  }

  /** A Markdown table: what was done, and the times. */
  public List<String> markdown() {
    return List.of(
        String.format(Locale.ROOT, ROW, "what", "runs", "min / median / p5 / p95, ms")
            + " peak MB |",
        "|---|--:|---|--:|",
        String.format(Locale.ROOT, ROW, conditions(), times.runs(), milliseconds())
            + String.format(Locale.ROOT, " %s |", peakRssBytes < 0 ? "?" : peakRssBytes >> 20));
  }

  private String conditions() {
    return String.format(
        Locale.ROOT,
        "%s, %dx%d, batch %d, %s%s%s, %s, %d threads, commit %s",
        what,
        size,
        size,
        batch,
        dtype.name().toLowerCase(Locale.ROOT),
        exact ? " exact" : "",
        tuned > 0 ? " tuned" : "",
        device,
        threads,
        commit);
  }

  private String milliseconds() {
    return String.format(
        Locale.ROOT,
        "%.1f / %.1f / %.1f / %.1f",
        times.min(),
        times.median(),
        times.percentile(5),
        times.percentile(95));
  }

  private static double rounded(double ms) {
    return Math.rint(ms * 1000) / 1000;
  }
}
