package org.drag4j.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.cache.CacheFolder;
import org.drag4j.cli.console.BuildCommit;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.device.PinnedArrays;
import org.drag4j.engine.Metadata;

/** What there is to say of the machine and the process, beside its devices. */
final class Machine {
  /** Native libraries that have to do with devices. */
  private static final Pattern LIBRARY =
      Pattern.compile(
          "lib(\\w*opencl|pocl|jocl|cuda|jcuda|nvidia|nvrtc|nv[tpr]|cublas|cudnn|amdocl|hsa|igdrcl"
              + "|rusticl|mali|mesaopencl)[^/]*$",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern OWN = Pattern.compile("DRAG4J_\\w+|CUDA_VISIBLE_DEVICES|POCL_\\w+");

  /** From the strongest on. */
  private static final List<String> LOCALE = List.of("LC_ALL", "LC_CTYPE", "LANG");

  /** The property that holds the encoding of arguments and names of files. */
  private static final String NAMES = "sun.jnu.encoding";

  private Machine() {}

  /** System, processor, Java, memory, variables, cache: one line each. */
  static SequencedMap<String, String> facts(Map<String, String> environment) {
    var facts = new LinkedHashMap<String, String>();
    facts.put(
        "drag4j", Metadata.version().replace("drag4j ", "") + ", commit " + BuildCommit.find());
    facts.put("system", system());
    facts.put("processor", processor());
    facts.put("java", java());
    facts.put("flags", flags());
    facts.put("encoding", encoding(environment));
    facts.put("memory", memory());
    var variables =
        environment.entrySet().stream()
            .filter(e -> OWN.matcher(e.getKey()).matches())
            .sorted(Map.Entry.comparingByKey())
            .map(e -> e.getKey() + "=" + e.getValue())
            .collect(Collectors.joining(" "));
    facts.put("variables", variables.isEmpty() ? "none" : variables);
    facts.put("cache", folder(CacheFolder.ofUser()));
    return facts;
  }

  private static String system() {
    var name =
        field(Path.of("/etc/os-release"), "PRETTY_NAME=")
            .map(text -> ", " + text.replace("\"", ""))
            .orElse("");
    return property("os.name") + " " + property("os.version") + " " + property("os.arch") + name;
  }

  private static String processor() {
    var model =
        field(Path.of("/proc/cpuinfo"), "model name")
            .map(text -> text.replaceFirst("^\\s*:\\s*", ""))
            .orElse(property("os.arch"));
    return model + ", " + Runtime.getRuntime().availableProcessors() + " processors for this JVM";
  }

  private static String java() {
    return String.join(
        ", ", Runtime.version().toString(), property("java.vm.name"), property("java.home"));
  }

  /** How arguments, names of files and output are encoded, and what of the environment says so. */
  private static String encoding(Map<String, String> environment) {
    var locale =
        LOCALE.stream()
            .filter(environment::containsKey)
            .map(name -> name + "=" + environment.get(name))
            .collect(Collectors.joining(" "));
    return String.format(
        Locale.ROOT,
        "%s for arguments and names, %s on stdout, %s on stderr; %s",
        property(NAMES),
        property("stdout.encoding"),
        property("stderr.encoding"),
        locale.isEmpty() ? "no locale set" : locale);
  }

  /** What should be otherwise and stops nothing, a line each. */
  static List<String> warnings() {
    return warnings(Runtime.version(), property(NAMES));
  }

  static List<String> warnings(Runtime.Version java, String names) {
    var warnings = new ArrayList<String>();
    if (PinnedArrays.isOld(java)) {
      warnings.add(
          "java: expected 25.0.3 or newer, got "
              + java
              + ", which can corrupt arrays under G1; drag4j uses another collector, update all the"
              + " same");
    }
    if (Charset.forName(names, StandardCharsets.UTF_8).equals(StandardCharsets.US_ASCII)) {
      warnings.add(
          "encoding: expected one for all letters, got "
              + names
              + ", in which names of files and prompts are lost; set LC_ALL=C.UTF-8");
    }
    return warnings;
  }

  private static String flags() {
    return String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments());
  }

  private static String memory() {
    long heap = Runtime.getRuntime().maxMemory();
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? String.format(
            Locale.ROOT,
            "%s, %s free; heap up to %s",
            size(system.getTotalMemorySize()),
            size(available().orElse(system.getFreeMemorySize())),
            size(heap))
        : "heap up to " + size(heap);
  }

  /** With what the system would give back when asked, which a count of free pages leaves out. */
  private static Optional<Long> available() {
    return field(Path.of("/proc/meminfo"), "MemAvailable:")
        .map(text -> text.replaceAll("\\D", ""))
        .filter(digits -> !digits.isEmpty() && digits.length() < 16)
        .map(digits -> Long.parseLong(digits) << 10);
  }

  /** A folder and what is in it. */
  static String folder(Path folder) {
    if (!Files.isDirectory(folder)) {
      return folder + ", not there yet";
    }
    try (Stream<Path> files = Files.walk(folder)) {
      long[] total = new long[2];
      for (var file : files.filter(Files::isRegularFile).toList()) {
        total[0]++;
        total[1] += Files.size(file);
      }
      String writable = Files.isWritable(folder) ? "" : ", read-only";
      return folder + ", " + total[0] + " files, " + size(total[1]) + writable;
    } catch (IOException | UncheckedIOException e) {
      return folder + ", cannot be read: " + ExitCode.message(e);
    }
  }

  /** Where the libraries are that devices have loaded by now; Linux alone tells. */
  static List<String> libraries() {
    try {
      var found = new TreeSet<String>();
      for (var line : Files.readAllLines(Path.of("/proc/self/maps"), StandardCharsets.UTF_8)) {
        int path = line.indexOf('/');
        if (path >= 0 && LIBRARY.matcher(line).find()) {
          found.add(line.substring(path));
        }
      }
      return List.copyOf(found);
    } catch (IOException e) {
      return List.of();
    }
  }

  static String size(long bytes) {
    return bytes >= 1L << 30
        ? String.format(Locale.ROOT, "%.1f GB", bytes / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.1f MB", bytes / (double) (1L << 20));
  }

  /** The first line that begins so, without its beginning. */
  private static Optional<String> field(Path file, String beginning) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(beginning))
          .findFirst()
          .map(line -> line.substring(beginning.length()).strip());
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private static String property(String name) {
    return System.getProperty(name, "unknown");
  }
}
