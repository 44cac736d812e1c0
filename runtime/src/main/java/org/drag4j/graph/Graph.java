package org.drag4j.graph;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/** A network as it is being built: nodes in creation order, named inputs and outputs. */
public final class Graph {
  private final Hook hook;
  private final SequencedMap<String, Value> inputs = new LinkedHashMap<>();
  private final SequencedMap<String, Value> weights = new LinkedHashMap<>();
  private final SequencedMap<String, Value> outputs = new LinkedHashMap<>();
  private int next;

  /** An empty graph whose exposed values pass through {@code hook}. */
  public Graph(Hook hook) {
    this.hook = hook;
  }

  /**
   * A tensor to be provided before each run.
   *
   * @throws IllegalArgumentException where the name is taken
   */
  public Value input(String name, Shape shape, DType dtype) {
    var v = new Value(this, next++, new Op.Input(name), name, List.of(), shape, dtype);
    if (inputs.putIfAbsent(name, v) != null) {
      throw new IllegalArgumentException("input " + name + ": expected a new name, got one in use");
    }
    return v;
  }

  /** A tensor of the checkpoint; asking again for the same name gives the same value. */
  public Value weight(String name, Shape shape) {
    return weights.computeIfAbsent(
        name, n -> new Value(this, next++, new Op.Weight(n), n, List.of(), shape, DType.F32));
  }

  /**
   * The result of an operation, its shape inferred.
   *
   * @throws IllegalArgumentException where the inputs do not fit the operation
   */
  public Value node(Op op, String path, Value... in) {
    var shape = Infer.shape(op, path, Arrays.stream(in).map(Value::shape).toList());
    var values = List.of(in);
    return new Value(this, next++, op, path, values, shape, Infer.dtype(op, values));
  }

  void putOutput(String name, Value v) {
    var old = outputs.putIfAbsent(name, v);
    if (old != null && !old.equals(v)) {
      throw new IllegalArgumentException(
          "output " + name + ": expected a new name, got one in use");
    }
  }

  Value expose(Site site, Value v) {
    return hook.at(site, v);
  }

  /** Named outputs in the order they were named. */
  public SequencedMap<String, Value> outputs() {
    return Collections.unmodifiableSequencedMap(outputs);
  }

  /** Nodes that some output needs, in execution order; everything else is dead code. */
  public List<Value> live() {
    var seen = new TreeMap<Integer, Value>();
    var todo = new ArrayDeque<>(outputs.values());
    while (!todo.isEmpty()) {
      var v = todo.pop();
      if (seen.put(v.id(), v) == null) {
        todo.addAll(v.inputs());
      }
    }
    return List.copyOf(seen.values());
  }
}
