package org.drag4j.kernels.cuda.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.drag4j.device.DeviceException;

/**
 * Makes a shared object (ELF, 64 bits, little endian) ask for another library than it was linked
 * with, of a name of the same length. The name stands in the string table; versioned imports also
 * carry its hash. Every offset read from the file is checked before it is used.
 */
final class ElfSoname {
  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;
  private static final long DT_NEEDED = 1;
  private static final long DT_STRTAB = 5;
  private static final long DT_STRSZ = 10;
  private static final long DT_VERNEED = 0x6ffffffeL;
  private static final long DT_VERNEEDNUM = 0x6fffffffL;

  private final ByteBuffer file;
  private final List<Segment> loads = new ArrayList<>();
  private final List<Long> needed = new ArrayList<>();
  private int strings = -1;
  private long stringBytes;
  private int versions = -1;
  private long versionCount;

  private record Segment(long address, long offset, long bytes) {}

  private ElfSoname(byte[] file) {
    this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Names of the libraries that the shared object needs. */
  static List<String> needed(byte[] file) {
    var elf = new ElfSoname(file);
    return elf.guarded(() -> {
      elf.readTables();
      return elf.needed.stream().map(at -> elf.string(at)).toList();
    });
  }

  /** Hashes of the libraries that versioned imports come from, in the file's order. */
  static List<Integer> versionHashes(byte[] file) {
    var elf = new ElfSoname(file);
    return elf.guarded(() -> {
      elf.readTables();
      var hashes = new ArrayList<Integer>();
      elf.eachVersion(at -> hashes.add(elf.file.getInt(at)));
      return hashes;
    });
  }

  /**
   * A copy that needs {@code to} where it needed {@code from}.
   *
   * @throws DeviceException where the file is no such shared object, does not need {@code from}, or
   *     the names differ in length
   */
  static byte[] renamed(byte[] file, String from, String to) {
    if (from.length() != to.length()) {
      throw new DeviceException(
          "soname: expected a name as long as " + from + ", got " + to + "; it cannot be replaced");
    }
    var elf = new ElfSoname(file.clone());
    return elf.guarded(() -> {
      elf.readTables();
      elf.rename(from, to);
      return elf.file.array();
    });
  }

  private interface Reading<T> {
    T read();
  }

  private interface AtOffset {
    void at(int offset);
  }

  /** Offsets out of the file mean that it is damaged, whichever read finds it. */
  private <T> T guarded(Reading<T> reading) {
    try {
      return reading.read();
    } catch (IndexOutOfBoundsException | ArithmeticException e) {
      throw new DeviceException(
          "shared object: expected whole ELF tables, got a damaged file of "
              + file.capacity()
              + " bytes",
          e);
    }
  }

  private void readTables() {
    boolean elf64 =
        file.capacity() > 0x40
            && file.getInt(0) == 0x464c457f
            && file.get(4) == 2
            && file.get(5) == 1;
    if (!elf64) {
      throw new DeviceException(
          "shared object: expected ELF of 64 bits, little endian, got another");
    }
    long dynamic = -1;
    long dynamicBytes = 0;
    int count = Short.toUnsignedInt(file.getShort(0x38));
    int size = Short.toUnsignedInt(file.getShort(0x36));
    for (int i = 0; i < count; i++) {
      int header = Math.toIntExact(Math.addExact(file.getLong(0x20), (long) i * size));
      int type = file.getInt(header);
      if (type == PT_LOAD) {
        loads.add(
            new Segment(
                file.getLong(header + 16), file.getLong(header + 8), file.getLong(header + 32)));
      } else if (type == PT_DYNAMIC) {
        dynamic = file.getLong(header + 8);
        dynamicBytes = file.getLong(header + 32);
      }
    }
    if (dynamic < 0) {
      throw new DeviceException("shared object: expected a dynamic section, got none");
    }
    readDynamic(Math.toIntExact(dynamic), dynamicBytes);
    if (strings < 0) {
      throw new DeviceException("shared object: expected a string table, got none");
    }
  }

  private void readDynamic(int from, long bytes) {
    for (long at = from; at + 16 <= from + bytes; at += 16) {
      long tag = file.getLong(Math.toIntExact(at));
      long value = file.getLong(Math.toIntExact(at + 8));
      if (tag == 0) {
        return;
      } else if (tag == DT_NEEDED) {
        needed.add(value);
      } else if (tag == DT_STRTAB) {
        strings = offset(value);
      } else if (tag == DT_STRSZ) {
        stringBytes = value;
      } else if (tag == DT_VERNEED) {
        versions = offset(value);
      } else if (tag == DT_VERNEEDNUM) {
        versionCount = value;
      }
    }
  }

  /** Where in the file an address of the loaded object is. */
  private int offset(long address) {
    for (var s : loads) {
      if (address >= s.address() && address - s.address() < s.bytes()) {
        return Math.toIntExact(Math.addExact(address - s.address(), s.offset()));
      }
    }
    throw new DeviceException(
        "shared object: expected address 0x"
            + Long.toHexString(address)
            + " within a segment, got none there");
  }

  private String string(long at) {
    if (at < 0 || at >= stringBytes) {
      throw new DeviceException(
          "shared object: expected a name within the string table, got offset " + at);
    }
    int start = Math.toIntExact(strings + at);
    int end = start;
    while (file.get(end) != 0) {
      end++;
    }
    return new String(file.array(), start, end - start, StandardCharsets.US_ASCII);
  }

  private void rename(String from, String to) {
    int renamed = 0;
    for (long at : needed) {
      if (string(at).equals(from)) {
        write(at, to);
        renamed++;
      }
    }
    if (renamed == 0) {
      throw new DeviceException("shared object: expected it to need " + from + ", got none such");
    }
    int hash = hash(from);
    eachVersion(at -> {
      if (file.getInt(at) == hash) {
        // The entry's own name may be another copy in the string table.
        long name = Integer.toUnsignedLong(file.getInt(at + 8));
        if (!string(name).equals(to)) {
          write(name, to);
        }
        file.putInt(at, hash(to));
      }
    });
    if (versions >= 0) {
      eachLibrary(at -> {
        long name = Integer.toUnsignedLong(file.getInt(at + 4));
        if (string(name).equals(from)) {
          write(name, to);
        }
      });
    }
  }

  private void write(long at, String name) {
    file.put(Math.toIntExact(strings + at), name.getBytes(StandardCharsets.US_ASCII));
  }

  /** Visits {@code Elf64_Verneed} entries. */
  private void eachLibrary(AtOffset visit) {
    int at = versions;
    for (long i = 0; i < versionCount; i++) {
      visit.at(at);
      int next = file.getInt(at + 12);
      if (next == 0) {
        return;
      }
      at = Math.addExact(at, next);
    }
  }

  /** Visits {@code Elf64_Vernaux} entries. */
  private void eachVersion(AtOffset visit) {
    if (versions < 0) {
      return;
    }
    eachLibrary(library -> {
      int count = Short.toUnsignedInt(file.getShort(library + 2));
      int at = Math.addExact(library, file.getInt(library + 8));
      for (int i = 0; i < count; i++) {
        visit.at(at);
        int next = file.getInt(at + 12);
        if (next == 0) {
          return;
        }
        at = Math.addExact(at, next);
      }
    });
  }

  /** System V's hash of a symbol's name. */
  static int hash(String name) {
    int h = 0;
    for (byte c : name.getBytes(StandardCharsets.US_ASCII)) {
      h = (h << 4) + (c & 0xff);
      int high = h & 0xf0000000;
      h ^= high >>> 24;
      h &= ~high;
    }
    return h;
  }
}
