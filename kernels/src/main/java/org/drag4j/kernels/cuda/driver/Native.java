package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.drag4j.device.DeviceException;

/** Calls into C. */
final class Native {
  private Native() {}

  /**
   * A C function.
   *
   * @throws DeviceException where the library has none of that name
   */
  @SuppressWarnings("restricted")
  static MethodHandle function(
      SymbolLookup library, String name, FunctionDescriptor type, Linker.Option... options) {
    var address =
        library
            .find(name)
            .orElseThrow(() ->
                new DeviceException(
                    name
                        + ": expected in the library, got no such function; it is another"
                        + " version than this program knows"));
    return Linker.nativeLinker().downcallHandle(address, type, options);
  }

  /** Loads a library for the life of the process. */
  @SuppressWarnings("restricted")
  static SymbolLookup library(Path path) {
    return SymbolLookup.libraryLookup(path, Arena.global());
  }

  /** Loads a library that the dynamic loader finds by its name. */
  @SuppressWarnings("restricted")
  static SymbolLookup library(String soname) {
    return SymbolLookup.libraryLookup(soname, Arena.global());
  }

  /** Memory that C gave us. */
  @SuppressWarnings("restricted")
  static MemorySegment memory(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** A C function that returns an int, nearly always a status. */
  static MethodHandle status(SymbolLookup library, String name, MemoryLayout... arguments) {
    return function(library, name, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }

  /** Calls a function that returns a status; slow, for what is done once. */
  static int call(MethodHandle function, Object... arguments) {
    return (int) result(function, arguments);
  }

  /** Calls a function; slow, for what is done once. */
  static Object result(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw failed(e);
    }
  }

  /**
   * The failure of a call's own machinery: a wrong type or number of arguments, which is a bug of
   * drag4j.
   */
  static RuntimeException failed(Throwable e) {
    return switch (e) {
      case Error error -> throw error;
      case RuntimeException runtime -> runtime;
      default -> new IllegalStateException(e);
    };
  }

  /** Text that C returned, bounded: an unterminated one must not take the process down. */
  static String text(MemorySegment address, long limit) {
    if (address.equals(MemorySegment.NULL)) {
      return "";
    }
    var bytes = memory(address.address(), limit);
    var text = new StringBuilder();
    for (long i = 0; i < limit; i++) {
      byte b = bytes.get(ValueLayout.JAVA_BYTE, i);
      if (b == 0) {
        break;
      }
      text.append((char) (b & 0xff));
    }
    return text.toString();
  }
}
