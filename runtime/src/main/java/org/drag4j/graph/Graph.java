package org.drag4j.graph;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;

/** A network as it is being built: nodes in creation order, named inputs and outputs. */
public final class Graph {
  private final Hook hook;
  private final SequencedMap<String, Value> inputs = new LinkedHashMap<>();
  private final SequencedMap<Param, Value> weights = new LinkedHashMap<>();
  private final SequencedMap<String, Value> outputs = new LinkedHashMap<>();
  private final Map<String, Port> ports = new HashMap<>();
  private int next;

  /** An empty graph whose exposed values pass through {@code hook}. */
  public Graph(Hook hook) {
    this.hook = hook;
  }

  /**
   * A tensor that the host provides before each run.
   *
   * @throws IllegalArgumentException where the name is taken
   */
  public Value input(String name, Shape shape, DType dtype) {
    return input(name, shape, dtype, Port.OWNED);
  }

  /**
   * An input, provided as {@code port} says.
   *
   * @throws IllegalArgumentException where the name is taken
   */
  public Value input(String name, Shape shape, DType dtype, Port port) {
    var v = new Value(this, next++, new Op.Input(name), name, List.of(), shape, dtype);
    if (inputs.putIfAbsent(name, v) != null) {
      throw new IllegalArgumentException("input " + name + ": expected a new name, got one in use");
    }
    put(name, port);
    return v;
  }

  /** A tensor of the checkpoint; asking for it again gives the same value. */
  public Value weight(Param param) {
    return weights.computeIfAbsent(
        param,
        p -> new Value(this, next++, new Op.Weight(p), p.name(), List.of(), p.shape(), DType.F32));
  }

  /**
   * The result of an operation, its shape inferred.
   *
   * @throws IllegalArgumentException where the inputs do not fit the operation
   */
  public Value node(Op op, String path, Value... in) {
    var values = List.of(in);
    return node(op, path, Infer.dtype(op, values), values);
  }

  /**
   * The result of an operation, of a given type.
   *
   * @throws IllegalArgumentException where the inputs do not fit the operation
   */
  public Value node(Op op, String path, DType dtype, List<Value> in) {
    var shape = Infer.shape(op, path, in.stream().map(Value::shape).toList());
    return new Value(this, next++, op, path, in, shape, dtype);
  }

  /**
   * A copy in this graph of another graph's node.
   *
   * @param at gives the value of this graph that takes the place of an operand
   */
  public Value copy(Value v, UnaryOperator<Value> at) {
    return switch (v.op()) {
      case Op.Input(var name) -> input(name, v.shape(), v.dtype(), v.graph().port(name));
      case Op.Weight(var param) -> weight(param);
      default -> node(v.op(), v.path(), v.dtype(), v.inputs().stream().map(at).toList());
    };
  }

  /**
   * What an input or output is to a plan.
   *
   * @throws IllegalArgumentException where there is none of that name
   */
  public Port port(String name) {
    var port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException(name + ": expected one of " + ports.keySet());
    }
    return port;
  }

  private void put(String name, Port port) {
    var old = ports.putIfAbsent(name, port);
    if (old != null && old != port) {
      throw new IllegalArgumentException(
          name + ": expected input and output of a name to be alike, got " + old + " and " + port);
    }
  }

  void putOutput(String name, Value v, Port port) {
    var old = outputs.putIfAbsent(name, v);
    if (old != null && !old.equals(v)) {
      throw new IllegalArgumentException(
          "output " + name + ": expected a new name, got one in use");
    }
    put(name, port);
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
