package org.drag4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.drag4j.tensor.DType;
import org.drag4j.trace.TimingTrace;
import org.junit.jupiter.api.Test;

class BenchReportTest {
  @Test
  void percentilesAreInterpolated() {
    var five = BenchTimes.ofNanos(50_000_000, 10_000_000, 40_000_000, 20_000_000, 30_000_000);
    assertEquals(10, five.min());
    assertEquals(30, five.median());
    assertEquals(12, five.percentile(5), 1e-9);
    assertEquals(48, five.percentile(95), 1e-9);
    assertEquals(50, five.percentile(100));
    assertEquals(15, BenchTimes.ofNanos(20_000_000, 10_000_000).median());
    assertEquals(7, BenchTimes.ofNanos(7_000_000).percentile(95));
    assertThrows(IllegalArgumentException.class, BenchTimes::ofNanos);
  }

  @Test
  void jsonHasTheseFieldsAndNoOther() {
    var report =
        new BenchReport(
            BenchTarget.VAE_ENCODE,
            "cpu",
            2,
            512,
            1,
            DType.F32,
            true,
            3,
            BenchTimes.ofNanos(2_000_000, 1_234_567),
            -1,
            "unknown");
    assertEquals(
        "{what=vae-encode, device=cpu, threads=2, size=512, batch=1, dtype=f32, exact=true,"
            + " runs=2, minMs=1.235, medianMs=1.617, p5Ms=1.273, p95Ms=1.962,"
            + " peakRssBytes=-1, commit=unknown}",
        report.json().toString());
    assertEquals(
        "| vae-encode, 512x512, batch 1, f32 exact tuned, cpu, 2 threads, commit unknown | 2 |"
            + " 1.2 / 1.6 / 1.3 / 2.0 | ? |",
        report.markdown().getLast());
  }

  @Test
  void aTableOfNothingIsATable() {
    var lines = KernelTable.lines(new TimingTrace());
    assertEquals(3, lines.size());
    assertEquals(1, lines.stream().map(String::length).distinct().count(), lines::toString);
    assertTrue(lines.getLast().startsWith("| all "), lines::toString);
    assertEquals(List.of(6L), lines.stream().map(BenchReportTest::bars).distinct().toList());
  }

  private static long bars(String line) {
    return line.chars().filter(c -> c == '|').count();
  }
}
