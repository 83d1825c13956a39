import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;

/**
 * A node with plugins from the class path, which only a subclass can have. The script beside this file compiles it,
 * for Elasticsearch with that name in the imports.
 *
 * usage: Server FOLDER NODE PLUGIN...
 *
 * The settings are in FOLDER/NODE/config. The node ends, and FOLDER with it, when its standard input does, which the
 * script holds open: so neither outlives the script, however that ends.
 */
public final class Server extends Node {
	// At run time the parameter is a collection of anything: of classes, in 3.x of descriptions.
	@SuppressWarnings({"unchecked", "rawtypes"})
	private Server(Settings settings, Collection plugins) {
		super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "node"), plugins, true);
	}

	public static void main(String[] args) throws Exception {
		Path folder = Path.of(args[0]);
		new Thread(() -> endWithInput(folder), "leash").start();
		List<Object> plugins = new ArrayList<>();
		for (int i = 2; i < args.length; i++) {
			plugins.add(plugin(args[i]));
		}
		try {
			new Server(Settings.builder().put("path.home", folder.resolve(args[1]).toString()).build(), plugins).start();
		} catch (Throwable failed) {
			failed.printStackTrace();
			Runtime.getRuntime().halt(1); // the node's threads would keep the process alive
		}
	}

	/** What the constructor takes for a plugin: its class, or since 3.0 a description of it. */
	private static Object plugin(String name) throws Exception {
		if (Stream.of(Node.class.getDeclaredConstructors()).noneMatch(c -> c.toGenericString().contains("PluginInfo"))) {
			return Class.forName(name);
		}
		Class<?> version = Class.forName("org.opensearch.Version");
		return Class.forName("org.opensearch.plugins.PluginInfo")
				.getConstructor(String.class, String.class, String.class, version, String.class, String.class, String.class,
						List.class, boolean.class)
				.newInstance(name, "", "", version.getField("CURRENT").get(null), "", name, null, List.of(), false);
	}

	private static void endWithInput(Path folder) {
		try {
			while (System.in.read() >= 0) {
				// nothing is sent
			}
		} catch (IOException unreadable) {
			// ends as well
		}
		// The node still writes there, so not everything may go at once.
		for (int attempt = 0; attempt < 10 && Files.exists(folder); attempt++) {
			try (var paths = Files.walk(folder)) {
				paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
			} catch (Exception changing) {
				// the next attempt
			}
		}
		Runtime.getRuntime().halt(0);
	}
}
