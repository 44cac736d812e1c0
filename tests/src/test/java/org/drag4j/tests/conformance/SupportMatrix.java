package org.drag4j.tests.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.drag4j.device.Backend;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Op;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.OpCase;

/**
 * What each backend is known to run, a row a kind of operation; checked in as {@code
 * support-matrix.txt}.
 *
 * @param rows backends by row
 */
record SupportMatrix(Map<String, Set<String>> rows) {
  private static final String FILE = "support-matrix.txt";

  /** The matrix that is checked in. */
  static SupportMatrix load() {
    try (var in = SupportMatrix.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new IllegalStateException(FILE + ": expected among the test resources, got none");
      }
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lines {@code row: backend backend}; {@code #} starts a comment. */
  static SupportMatrix parse(String text) {
    var rows = new TreeMap<String, Set<String>>();
    text.lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .forEach(line -> {
          int colon = line.indexOf(':');
          var backends = line.substring(colon + 1).strip();
          rows.put(
              line.substring(0, colon),
              backends.isEmpty() ? Set.of() : new TreeSet<>(List.of(backends.split(" +"))));
        });
    return new SupportMatrix(rows);
  }

  /** Rows of which the backend runs every case; a fusion counts where it really fuses. */
  static Set<String> supported(Backend backend, List<OpCase> cases) {
    var rows = cases.stream().map(OpCase::row).collect(Collectors.toCollection(TreeSet::new));
    for (var c : cases) {
      if (!runs(backend, c)) {
        rows.remove(c.row());
      }
    }
    return rows;
  }

  private static boolean runs(Backend backend, OpCase c) {
    var built = c.build();
    try (var weights = backend.weights(built.weights());
        var plan = Plan.compile(built.graph(), backend, weights, PlanOptions.DEFAULT)) {
      return !c.row().startsWith("fusion ")
          || c.row().equals("fusion refused")
          || plan.steps().stream().anyMatch(s -> s.node().op() instanceof Op.Fused);
    } catch (UnsupportedOpException e) {
      return false;
    }
  }

  /** What differs from this matrix, a line each; empty where nothing does. */
  List<String> differences(String backend, Set<String> supported, Set<String> allRows) {
    var lines = new ArrayList<String>();
    for (var row : allRows) {
      boolean listed = rows.getOrDefault(row, Set.of()).contains(backend);
      if (listed && !supported.contains(row)) {
        lines.add(row + ": lost by " + backend + "; give it back, or take it out of " + FILE);
      }
      if (!listed && supported.contains(row)) {
        lines.add(row + ": gained by " + backend + "; add " + backend + " to its line in " + FILE);
      }
    }
    rows.keySet().stream()
        .filter(row -> !allRows.contains(row))
        .forEach(row -> lines.add(row + ": no case has this row; take its line out of " + FILE));
    return lines;
  }
}
