package opensearchtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Server is a cluster with an address of its own, on the loopback interface.
type Server struct {
	// URL is where it is.
	URL string
	// CA is the certificate by which it can be known, as PEM; nil: it has no TLS.
	CA []byte

	http *http.Server
	done chan struct{}
}

const headerTimeout = 10 * time.Second

// Serve gives the cluster a free port until Close, by HTTP/1.1, with TLS or without. The
// certificate is made anew each time, for localhost and 127.0.0.1.
func (c *Cluster) Serve(withTLS bool) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it takes no time
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://" + listener.Addr().String(), done: make(chan struct{})}
	if withTLS {
		certificate, ca, err := selfSigned()
		if err != nil {
			_ = listener.Close()
			return nil, err
		}
		s.URL, s.CA = "https://"+listener.Addr().String(), ca
		listener = tls.NewListener(tlsOnly{listener}, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}})
	}
	s.http = &http.Server{Handler: c, ReadHeaderTimeout: headerTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // until Close
	}()
	return s, nil
}

// tlsOnly closes connections that don't begin with TLS without an answer, as a real cluster does.
type tlsOnly struct{ net.Listener }

func (l tlsOnly) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tlsConn{Conn: connection}, nil
}

type tlsConn struct {
	net.Conn
	begun bool
}

func (c *tlsConn) Read(p []byte) (int, error) {
	const handshake = 22 // the type of the first record
	n, err := c.Conn.Read(p)
	if n > 0 && !c.begun && p[0] != handshake {
		_ = c.Close()
		return 0, io.EOF
	}
	c.begun = c.begun || n > 0
	return n, err
}

// Close ends it, with every connection. It can be called more than once.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// selfSigned makes a certificate that is its own authority.
func selfSigned() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "double"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
