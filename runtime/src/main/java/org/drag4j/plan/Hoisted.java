package org.drag4j.plan;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.graph.Value;

/**
 * A graph in two: what depends on some inputs alone, which need be computed only once as long as
 * these stay the same, and the rest, which reads it. Outputs of the graph stay outputs of the rest.
 *
 * @param once the first part
 * @param rest the other one
 * @param names the first part's outputs, which are inputs of the rest; to be bound to one tensor
 */
public record Hoisted(Graph once, Graph rest, Set<String> names) {
  public Hoisted {
    names = Set.copyOf(names);
  }

  /**
   * A graph split by what does not change.
   *
   * @param constant names of inputs
   * @return empty where nothing depends on these alone
   */
  public static Optional<Hoisted> of(Graph graph, Set<String> constant) {
    var split = new Split(graph, constant);
    return split.shared.isEmpty() ? Optional.empty() : Optional.of(split.run());
  }

  /** One half under construction. */
  private static final class Half {
    private final Graph graph = new Graph(Hook.NONE);
    private final Map<Value, Value> copies = new HashMap<>();

    Value copy(Value v) {
      var have = copies.get(v);
      if (have != null) {
        return have;
      }
      var made = graph.copy(v, this::copy);
      copies.put(v, made);
      return made;
    }
  }

  private static final class Split {
    private final Graph graph;

    /** Computed from constant inputs and weights alone. */
    private final Set<Value> early = new HashSet<>();

    /** Those of them that others read. */
    private final Set<Value> shared = new LinkedHashSet<>();

    Split(Graph graph, Set<String> constant) {
      this.graph = graph;
      var fixed = new HashSet<Value>();
      var outputs = Set.copyOf(graph.outputs().values());
      for (var v : graph.live()) {
        switch (v.op()) {
          case Op.Input(var name) when constant.contains(name) -> fixed.add(v);
          case Op.Input _, Op.Weight _ -> {}
          default -> {
            boolean all =
                v.inputs().stream()
                    .allMatch(in -> fixed.contains(in) || in.op() instanceof Op.Weight);
            if (all && v.inputs().stream().anyMatch(fixed::contains) && !outputs.contains(v)) {
              fixed.add(v);
              early.add(v);
            }
          }
        }
      }
      for (var v : graph.live()) {
        if (!early.contains(v)) {
          v.inputs().stream().filter(early::contains).forEach(shared::add);
        }
      }
    }

    Hoisted run() {
      var once = new Half();
      var rest = new Half();
      var names = new LinkedHashSet<String>();
      // In the order of the graph, so that the rest runs as it would have.
      for (var v : graph.live()) {
        if (shared.contains(v)) {
          // Not by its id: dead nodes count there, and equal halves must have equal names.
          var name = v.path() + "@" + names.size();
          names.add(name);
          once.copy(v).output(name, Port.BOUND);
          rest.copies.put(v, rest.graph.input(name, v.shape(), v.dtype(), Port.BOUND));
        } else if (!early.contains(v)) {
          rest.copy(v);
        }
      }
      graph.outputs().forEach((name, v) -> rest.copy(v).output(name, graph.port(name)));
      return new Hoisted(once.graph, rest.graph, names);
    }
  }
}
