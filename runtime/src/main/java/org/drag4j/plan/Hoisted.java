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
 * A graph split into the part that depends only on the given inputs, run once, and the part that is
 * run every step. The graph's outputs stay outputs of the second part.
 *
 * @param once the part that is run once
 * @param rest the part that is run every step
 * @param names outputs of {@code once} that are inputs of {@code rest}; each is bound to one tensor
 */
public record Hoisted(Graph once, Graph rest, Set<String> names) {
  public Hoisted {
    names = Set.copyOf(names);
  }

  /**
   * Splits a graph by the inputs that do not change.
   *
   * @param constant names of these inputs
   * @return empty where no value depends on these inputs alone
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

    /** Values computed from constant inputs and weights alone. */
    private final Set<Value> early = new HashSet<>();

    /** Early values that are read by values that are not early. */
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
