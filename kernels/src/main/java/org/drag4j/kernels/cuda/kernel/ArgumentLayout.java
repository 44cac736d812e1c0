package org.drag4j.kernels.cuda.kernel;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The C struct that a kernel takes by value, as a record: a long is a pointer or a 64-bit integer,
 * a record is a struct inside, and {@code camelCase} is {@code snake_case} in C. Fields lie as C's
 * rules have it, each at a multiple of its own size.
 */
public final class ArgumentLayout<A extends Record> {
  /** Kept, since each call of getRecordComponents makes accessors that have to warm up anew. */
  private static final ClassValue<RecordComponent[]> COMPONENTS =
      new ClassValue<>() {
        @Override
        protected RecordComponent[] computeValue(Class<?> type) {
          return type.getRecordComponents();
        }
      };

  private final Class<A> type;
  private final StructLayout struct;

  private ArgumentLayout(Class<A> type, StructLayout struct) {
    this.type = type;
    this.struct = struct;
  }

  /**
   * The layout of {@code type}.
   *
   * @throws IllegalArgumentException if a component is anything else than a long, int, float or
   *     record of such
   */
  public static <A extends Record> ArgumentLayout<A> of(Class<A> type) {
    return new ArgumentLayout<>(type, structOf(type));
  }

  /** The record, which has the struct's name. */
  public Class<A> type() {
    return type;
  }

  /** The struct, fields named as in C. */
  public StructLayout struct() {
    return struct;
  }

  /** The struct's size in bytes. */
  public long size() {
    return struct.byteSize();
  }

  /**
   * Where a field is, in bytes from the start: {@code y}, or {@code p.then.fn0} inside others.
   *
   * @throws IllegalArgumentException if there is no such field
   */
  public long offset(String path) {
    return struct.byteOffset(path(path));
  }

  /** All fields that are no structs, in order, as {@link #offset} takes them. */
  public Stream<String> paths() {
    return paths(struct, "");
  }

  static PathElement[] path(String path) {
    return Stream.of(path.split("\\.", -1))
        .map(PathElement::groupElement)
        .toArray(PathElement[]::new);
  }

  private static Stream<String> paths(StructLayout struct, String prefix) {
    return struct.memberLayouts().stream()
        .filter(m -> m.name().isPresent())
        .flatMap(m -> {
          var name = prefix + m.name().get();
          return m instanceof StructLayout inner ? paths(inner, name + ".") : Stream.of(name);
        });
  }

  /** Writes {@code args} to the start of {@code to}, zeros between fields. */
  public void write(A args, MemorySegment to) {
    to.asSlice(0, size()).fill((byte) 0);
    write(args, struct, to);
  }

  private static void write(Record args, StructLayout struct, MemorySegment to) {
    long at = 0;
    int i = 0;
    var components = COMPONENTS.get(args.getClass());
    for (var member : struct.memberLayouts()) {
      if (member.name().isPresent()) {
        switch (value(components[i++], args)) {
          case Long x -> to.set(ValueLayout.JAVA_LONG_UNALIGNED, at, x);
          case Integer x -> to.set(ValueLayout.JAVA_INT_UNALIGNED, at, x);
          case Float x -> to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, x);
          case Record x -> write(x, (StructLayout) member, to.asSlice(at));
          case Object x -> throw unfit(args.getClass(), x.getClass());
        }
      }
      at += member.byteSize();
    }
  }

  private static Object value(RecordComponent component, Record of) {
    try {
      return component.getAccessor().invoke(of);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          of.getClass().getSimpleName()
              + "."
              + component.getName()
              + ": expected a readable component; make the record public",
          e);
    }
  }

  private static StructLayout structOf(Class<?> type) {
    var members = new ArrayList<MemoryLayout>();
    long at = 0;
    long alignment = 1;
    for (var component : type.getRecordComponents()) {
      MemoryLayout field = fieldOf(type, component.getType());
      long gap = Math.ceilDiv(at, field.byteAlignment()) * field.byteAlignment() - at;
      if (gap > 0) {
        members.add(MemoryLayout.paddingLayout(gap));
      }
      members.add(field.withName(snake(component.getName())));
      at += gap + field.byteSize();
      alignment = Math.max(alignment, field.byteAlignment());
    }
    long gap = Math.ceilDiv(at, alignment) * alignment - at;
    if (gap > 0) {
      members.add(MemoryLayout.paddingLayout(gap));
    }
    return MemoryLayout.structLayout(members.toArray(MemoryLayout[]::new))
        .withName(type.getSimpleName());
  }

  private static MemoryLayout fieldOf(Class<?> type, Class<?> field) {
    if (field == long.class) {
      return ValueLayout.JAVA_LONG;
    }
    if (field == int.class) {
      return ValueLayout.JAVA_INT;
    }
    if (field == float.class) {
      return ValueLayout.JAVA_FLOAT;
    }
    if (field.isRecord()) {
      return structOf(field);
    }
    throw unfit(type, field);
  }

  private static IllegalArgumentException unfit(Class<?> type, Class<?> field) {
    return new IllegalArgumentException(
        type.getSimpleName()
            + ": expected long, int, float or records of such, got "
            + field.getSimpleName()
            + "; a kernel's argument has nothing else");
  }

  private static String snake(String camel) {
    return camel.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return struct.toString();
  }
}
