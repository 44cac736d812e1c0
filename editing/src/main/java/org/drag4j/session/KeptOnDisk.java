package org.drag4j.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.drag4j.method.Kept;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/**
 * A folder of kept values for later processes: one file each, named by the digest of everything
 * that the values depend on. Several processes may use it at once. Bounded; the least recently used
 * files go first.
 *
 * <p>A file is a header that lists what follows, the random generator's state, the tensors, the
 * bank site by site, and a checksum of all that, in the machine's byte order.
 */
public final class KeptOnDisk {
  private static final String SUFFIX = ".kept";
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}\\.(kept|inversion)");
  private static final Pattern TEMPORARY =
      Pattern.compile("\\.[0-9a-f]{64}\\" + SUFFIX + "\\.[0-9a-f]+-[0-9a-f]+\\.tmp");
  private static final String LOCK = ".lock";

  private static final long MAGIC = 0x6434_6a2d_6b65_7074L;
  private static final int VERSION = 2;
  private static final int MAX_HEADER = 16 << 20;
  private static final int MAX_RANK = 8;
  private static final int BLOCK = 1 << 20;

  /** What this process is writing: its locks do not keep the process itself away. */
  private static final Set<Path> WRITING = new HashSet<>();

  /**
   * What a file holds, in order.
   *
   * @param digest of all that its numbers depend on, in hexadecimal
   * @param tensors number of floats by name
   * @param sites of the bank, all slots of each; empty where there is no bank
   * @param dtype of the bank
   */
  private record Contents(
      String digest,
      SequencedMap<String, Integer> tensors,
      SequencedMap<String, Shape> sites,
      DType dtype) {
    static Contents of(String digest, Kept.Values values) {
      var tensors = new LinkedHashMap<String, Integer>();
      values.tensors().forEach((name, tensor) -> tensors.put(name, tensor.length));
      var sites = new LinkedHashMap<String, Shape>();
      var dtype = DType.F32;
      if (values.bank().isPresent()) {
        for (var site : KeptOnDisk.tensors(values.bank().get()).entrySet()) {
          sites.put(site.getKey(), site.getValue().shape());
          dtype = site.getValue().dtype();
        }
      }
      return new Contents(digest, tensors, sites, dtype);
    }

    byte[] header() throws IOException {
      var bytes = new ByteArrayOutputStream();
      var out = new DataOutputStream(bytes);
      out.writeLong(MAGIC);
      out.writeInt(VERSION);
      out.writeBoolean(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
      out.write(HexFormat.of().parseHex(digest));
      out.writeInt(tensors.size());
      for (var tensor : tensors.entrySet()) {
        out.writeUTF(tensor.getKey());
        out.writeInt(tensor.getValue());
      }
      out.writeUTF(dtype.name());
      out.writeInt(sites.size());
      for (var site : sites.entrySet()) {
        out.writeUTF(site.getKey());
        out.writeInt(site.getValue().rank());
        for (int dim : site.getValue().dims()) {
          out.writeInt(dim);
        }
      }
      return bytes.toByteArray();
    }

    /**
     * Reads a header; every number in it is bounded before it is believed.
     *
     * @param size of the whole file
     */
    static Contents read(byte[] header, String digest, long size) throws IOException {
      var in = new DataInputStream(new ByteArrayInputStream(header));
      try {
        require("kept values of this program", in.readLong() == MAGIC);
        require("version " + VERSION, in.readInt() == VERSION);
        require(
            "this machine's byte order",
            in.readBoolean() == (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN));
        require(
            "the digest in its name",
            Arrays.equals(in.readNBytes(digest.length() / 2), HexFormat.of().parseHex(digest)));
        var tensors = new LinkedHashMap<String, Integer>();
        int count = bounded("tensors", in.readInt(), header.length);
        for (int i = 0; i < count; i++) {
          String name = in.readUTF();
          tensors.put(name, bounded("values", in.readInt(), size / Float.BYTES));
        }
        var dtype = DType.valueOf(in.readUTF());
        var sites = new LinkedHashMap<String, Shape>();
        int banks = bounded("sites", in.readInt(), header.length);
        for (int i = 0; i < banks; i++) {
          String name = in.readUTF();
          int rank = in.readInt();
          require("a rank of 1 to " + MAX_RANK, rank >= 1 && rank <= MAX_RANK);
          int[] dims = new int[rank];
          long values = 1;
          for (int d = 0; d < rank; d++) {
            dims[d] = bounded("a dimension", in.readInt(), size);
            values *= dims[d];
            require("a shape within the file", values <= size);
          }
          sites.put(name, Shape.of(dims));
        }
        require(
            "one number of slots",
            sites.values().stream().map(shape -> shape.dim(0)).distinct().count() <= 1);
        require("nothing behind the header", in.read() < 0);
        return new Contents(digest, tensors, sites, dtype);
      } catch (EOFException | UTFDataFormatException | IllegalArgumentException e) {
        throw new DamagedException("the header of kept values", e);
      }
    }

    private static int bounded(String what, int value, long most) throws DamagedException {
      require("0 to " + most + " " + what, value >= 0 && value <= most);
      return value;
    }

    private static void require(String expected, boolean holds) throws DamagedException {
      if (!holds) {
        throw new DamagedException(expected, "something else");
      }
    }

    /** Bytes of the file. */
    long size(int header) {
      long bytes = Integer.BYTES + header + (long) Integer.BYTES * TorchRandom.STATE + Long.BYTES;
      for (int floats : tensors.values()) {
        bytes += (long) Float.BYTES * floats;
      }
      for (var shape : sites.values()) {
        bytes = Math.addExact(bytes, Math.multiplyExact(shape.size(), dtype.bytes()));
      }
      return bytes;
    }
  }

  private final Path folder;
  private final long capacity;
  private final String how;

  private KeptOnDisk(Path folder, long capacity, String how) {
    this.folder = folder;
    this.capacity = capacity;
    this.how = how;
  }

  /**
   * Opens a folder, makes it where there is none, and removes files beyond the capacity and files
   * that killed processes left unfinished.
   *
   * @param capacity bytes that its values may take together
   * @param how everything but picture, document and model that the values' last bits depend on: the
   *     program's version, the device, its options
   * @throws IOException where the folder cannot be written to
   */
  public static KeptOnDisk open(Path folder, long capacity, String how) throws IOException {
    Files.createDirectories(folder);
    var store = new KeptOnDisk(folder.toRealPath(), capacity, how);
    store.locked(() -> store.reserve(0));
    return store;
  }

  /** Everything but picture, document and model that the values depend on. */
  public String how() {
    return how;
  }

  private Path file(String digest) {
    return folder.resolve(digest + SUFFIX);
  }

  /**
   * The values of this digest, if they are there; a file that is damaged or foreign is not.
   *
   * @param allocate gives a number of bytes of device memory
   * @param warn is told of a damaged or foreign file
   */
  Optional<KeptInMemory.Entry> read(
      String digest, LongFunction<DeviceMemory> allocate, Consumer<String> warn) {
    var file = file(digest);
    try {
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      var entry = contents(file, digest, allocate);
      try {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
      } catch (IOException _) {
        // It may have been removed meanwhile; only the order of removal depends on it.
      }
      return Optional.of(entry);
    } catch (NoSuchFileException _) {
      return Optional.empty(); // removed meanwhile
    } catch (DamagedException e) {
      warn.accept("%s: %s; the values are made again".formatted(file, e.getMessage()));
      return Optional.empty();
    } catch (IOException e) {
      warn.accept(
          "%s: expected to read kept values, got %s; they are made again".formatted(file, e));
      return Optional.empty();
    }
  }

  private static KeptInMemory.Entry contents(
      Path file, String digest, LongFunction<DeviceMemory> allocate) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      var in = new CheckedInputStream(Channels.newInputStream(channel), new CRC32C());
      int length = new DataInputStream(in).readInt();
      if (length < 0 || length > MAX_HEADER || length > size) {
        throw new DamagedException("the header of kept values", "one of " + length + " bytes");
      }
      var contents = Contents.read(in.readNBytes(length), digest, size);
      if (size != contents.size(length)) {
        throw new DamagedException(contents.size(length) + " bytes", size);
      }
      var random = new int[TorchRandom.STATE];
      read(in, MemorySegment.ofArray(random));
      var tensors = new LinkedHashMap<String, float[]>();
      for (var tensor : contents.tensors().entrySet()) {
        var values = new float[tensor.getValue()];
        read(in, MemorySegment.ofArray(values));
        tensors.put(tensor.getKey(), values);
      }
      var bank = bank(contents, allocate);
      boolean whole = false;
      try {
        if (bank.isPresent()) {
          for (var tensor : tensors(bank.get()).values()) {
            read(in, tensor);
          }
        }
        long sum = in.getChecksum().getValue();
        long stored = new DataInputStream(in).readLong();
        if (sum != stored) {
          throw new DamagedException("the checksum " + stored, sum);
        }
        var entry =
            new KeptInMemory.Entry(new Kept.Values(tensors, bank), TorchRandom.ofState(random));
        whole = true;
        return entry;
      } catch (IllegalArgumentException e) {
        throw new DamagedException("a state of the random generator", e);
      } finally {
        if (!whole) {
          bank.ifPresent(SiteBank::close);
        }
      }
    } catch (EOFException e) {
      throw new DamagedException("a whole file", e);
    }
  }

  private static Optional<SiteBank> bank(Contents contents, LongFunction<DeviceMemory> allocate) {
    return contents.sites().values().stream()
        .findFirst()
        .map(first -> new SiteBank(contents.sites(), contents.dtype(), first.dim(0), allocate));
  }

  /** A file that is not what it should be. */
  private static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(String expected, Object got) {
      super("expected %s, got %s".formatted(expected, got));
    }
  }

  private static void read(CheckedInputStream in, MemorySegment to) throws IOException {
    for (long at = 0; at < to.byteSize(); at += BLOCK) {
      var block = block(in, to.byteSize() - at);
      MemorySegment.copy(block, 0, to, at, block.byteSize());
    }
  }

  private static void read(CheckedInputStream in, Tensor to) throws IOException {
    for (long at = 0; at < to.byteSize(); at += BLOCK) {
      to.memory().write(to.offset() + at, block(in, to.byteSize() - at));
    }
  }

  private static MemorySegment block(CheckedInputStream in, long left) throws IOException {
    int n = (int) Math.min(BLOCK, left);
    byte[] block = in.readNBytes(n);
    if (block.length < n) {
      throw new DamagedException(n + " bytes more", block.length);
    }
    return MemorySegment.ofArray(block);
  }

  private static SortedMap<String, Tensor> tensors(SiteBank bank) {
    return new TreeMap<>(bank.from(0).banks());
  }

  /**
   * Keeps values, in the place of what was damaged.
   *
   * @param warn is told where they cannot be kept
   */
  void write(String digest, KeptInMemory.Entry entry, Consumer<String> warn) {
    try {
      var contents = Contents.of(digest, entry.values());
      byte[] header = contents.header();
      long size = contents.size(header.length);
      if (size > capacity) {
        warn.accept(
            "%s: expected room for values of %d MB, got at most %d MB; they are not kept"
                .formatted(folder, size >> 20, capacity >> 20));
        return;
      }
      var file = file(digest);
      var temporary =
          folder.resolve(
              ".%s.%x-%x.tmp"
                  .formatted(file.getFileName(), ProcessHandle.current().pid(), System.nanoTime()));
      try {
        write(header, entry, size, temporary, file);
      } finally {
        synchronized (WRITING) {
          WRITING.remove(temporary);
        }
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      warn.accept(
          "%s: expected to keep values, got %s; they are not kept"
              .formatted(
                  folder,
                  Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName())));
    }
  }

  private void write(byte[] header, KeptInMemory.Entry entry, long size, Path temporary, Path file)
      throws IOException {
    try (var channel = locked(() -> create(temporary, size))) {
      var out = new CheckedOutputStream(Channels.newOutputStream(channel), new CRC32C());
      new DataOutputStream(out).writeInt(header.length);
      out.write(header);
      write(MemorySegment.ofArray(entry.random().state()), out);
      for (var tensor : entry.values().tensors().values()) {
        write(MemorySegment.ofArray(tensor), out);
      }
      if (entry.values().bank().isPresent()) {
        for (var tensor : tensors(entry.values().bank().get()).values()) {
          write(tensor, out);
        }
      }
      new DataOutputStream(out).writeLong(out.getChecksum().getValue());
      if (channel.size() != size) {
        throw new DamagedException(size + " bytes", channel.size());
      }
      locked(() -> {
        // Others may have written meanwhile.
        reserve(size);
        return Files.move(
            temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      });
    }
  }

  /** A new file, locked until it is closed or the process is gone. */
  private FileChannel create(Path temporary, long size) throws IOException {
    reserve(size);
    var channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      channel.lock();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    WRITING.add(temporary);
    return channel;
  }

  private static void write(MemorySegment from, CheckedOutputStream out) throws IOException {
    byte[] block = new byte[(int) Math.min(BLOCK, from.byteSize())];
    for (long at = 0; at < from.byteSize(); at += block.length) {
      int n = (int) Math.min(block.length, from.byteSize() - at);
      MemorySegment.copy(from, at, MemorySegment.ofArray(block), 0, n);
      out.write(block, 0, n);
    }
  }

  private static void write(Tensor from, CheckedOutputStream out) throws IOException {
    byte[] block = new byte[(int) Math.min(BLOCK, from.byteSize())];
    for (long at = 0; at < from.byteSize(); at += block.length) {
      int n = (int) Math.min(block.length, from.byteSize() - at);
      from.memory().read(from.offset() + at, MemorySegment.ofArray(block).asSlice(0, n));
      out.write(block, 0, n);
    }
  }

  @FunctionalInterface
  private interface Work<T> {
    T run() throws IOException;
  }

  /** Does what only one process at a time may do. */
  private <T> T locked(Work<T> work) throws IOException {
    synchronized (WRITING) {
      try (var channel =
              FileChannel.open(
                  folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var _ = channel.lock()) {
        return work.run();
      }
    }
  }

  /** A file of the store. */
  private record Stored(Path path, FileTime used, long size) {
    private static Optional<Stored> of(Path path) throws IOException {
      try {
        var a = Files.readAttributes(path, BasicFileAttributes.class);
        return a.isRegularFile()
            ? Optional.of(new Stored(path, a.lastModifiedTime(), a.size()))
            : Optional.empty();
      } catch (NoSuchFileException _) {
        return Optional.empty();
      }
    }
  }

  /**
   * Removes files that killed processes left, and the least recently used until {@code more} bytes
   * fit.
   *
   * @return bytes that are left
   */
  private long reserve(long more) throws IOException {
    var stored = new ArrayList<Stored>();
    long bytes = more;
    for (var path : paths()) {
      String name = String.valueOf(path.getFileName());
      if (NAME.matcher(name).matches()) {
        Stored.of(path).ifPresent(stored::add);
      } else if (TEMPORARY.matcher(name).matches() && isLeft(path)) {
        Files.deleteIfExists(path);
      }
    }
    for (var file : stored) {
      bytes += file.size();
    }
    stored.sort(Comparator.comparing(Stored::used));
    for (int i = 0; i < stored.size() && bytes > capacity; i++) {
      Files.deleteIfExists(stored.get(i).path());
      bytes -= stored.get(i).size();
    }
    return bytes - more;
  }

  private List<Path> paths() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    } catch (UncheckedIOException e) {
      throw new IOException(e);
    }
  }

  /** Whether nobody writes this file any more. */
  private static boolean isLeft(Path temporary) throws IOException {
    if (WRITING.contains(temporary)) {
      return false;
    }
    try (var channel = FileChannel.open(temporary, StandardOpenOption.WRITE);
        var lock = channel.tryLock()) {
      return lock != null;
    } catch (NoSuchFileException _) {
      return false;
    }
  }
}
