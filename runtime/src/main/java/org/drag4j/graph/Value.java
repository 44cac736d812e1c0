package org.drag4j.graph;

import java.util.List;
import java.util.function.Function;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * A symbolic tensor: the result of one operation of a graph.
 *
 * @param path module path of the layer that made it, in the checkpoint's spelling
 */
public record Value(
    Graph graph, int id, Op op, String path, List<Value> inputs, Shape shape, DType dtype) {
  public Value {
    inputs = List.copyOf(inputs);
  }

  /** The {@code i}-th input. */
  public Value in(int i) {
    return inputs.get(i);
  }

  /** The value of which this one is a view by reshapes; itself where it is no view. */
  public Value root() {
    var v = this;
    while (v.op instanceof Op.Reshape) {
      v = v.in(0);
    }
    return v;
  }

  /** Arithmetic and compulsory traffic of computing this value, weights in F32. */
  public Cost cost() {
    return cost(_ -> DType.F32);
  }

  /**
   * Arithmetic and compulsory traffic of computing this value.
   *
   * @param weights the type in which a weight is stored
   */
  public Cost cost(Function<Param, DType> weights) {
    return Infer.cost(this, weights);
  }

  /** Makes this value a named output of its graph, for the host to read, and returns it. */
  public Value output(String name) {
    return output(name, Port.OWNED);
  }

  /** Makes this value a named output of its graph and returns it. */
  public Value output(String name, Port port) {
    graph.putOutput(name, this, port);
    return this;
  }

  /** Offers this value to the graph's hook at a site; returns what the network goes on with. */
  public Value exposed(SiteKind kind, String at) {
    return graph.expose(new Site(kind, at), this);
  }

  /** {@code x * sigmoid(x)}. */
  public Value silu() {
    return then(new Op.Unary(Op.UnaryFn.SILU));
  }

  /** {@code x * (1 + erf(x / sqrt 2)) / 2}. */
  public Value gelu() {
    return then(new Op.Unary(Op.UnaryFn.GELU));
  }

  /** {@code x * sigmoid(1.702 x)}. */
  public Value quickGelu() {
    return then(new Op.Unary(Op.UnaryFn.QUICK_GELU));
  }

  /** Elementwise sum; {@code other} is broadcast to this shape. */
  public Value plus(Value other) {
    return graph.node(new Op.Binary(Op.BinaryFn.ADD), path, this, other);
  }

  /** Elementwise product; {@code other} is broadcast to this shape. */
  public Value times(Value other) {
    return graph.node(new Op.Binary(Op.BinaryFn.MUL), path, this, other);
  }

  /** {@code [.., 2C]} to {@code [.., C]}: first half times GELU of the second. */
  public Value geglu() {
    return then(new Op.Geglu());
  }

  /** The same elements under another shape; free. */
  public Value reshape(int... dims) {
    return then(new Op.Reshape(Shape.of(dims)));
  }

  /** Joined with {@code other} along the last dimension. */
  public Value concat(Value other) {
    return graph.node(new Op.Concat(), path, this, other);
  }

  /** {@code [N, H, W, C]} resized to height by width by nearest neighbour. */
  public Value upsample(int height, int width) {
    return then(new Op.Upsample(height, width));
  }

  /** The same numbers rounded to F32 or F16. */
  public Value cast(DType to) {
    return then(new Op.Cast(to));
  }

  private Value then(Op next) {
    return graph.node(next, path, this);
  }

  /** Identity: two values are equal when they are the same node of the same graph. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Value v && v.id == id && v.graph == graph;
  }

  @Override
  public int hashCode() {
    return id;
  }

  @Override
  public String toString() {
    return path + ": " + op + " " + dtype + " " + shape;
  }
}
